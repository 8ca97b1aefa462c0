import { type Problem, UsageError } from '../errors.ts';
import type { WorkloadSpec } from '../scenario/scenario.ts';
import type { ModelMetadata, TensorMetadata } from '../targets/target.ts';
import { DISTRIBUTION_FORMS, type Distribution, parseDistribution } from './distribution.ts';
import { NUMERIC_DATATYPES, variationOf } from './variation.ts';
import type { InputTensor, Sample, Workload } from './workload.ts';

/** A stream of uniform numbers in [0, 1), the same for the same number. */
export type RandomStreams = (stream: number) => () => number;

/** With `distinct: all` the samples differ in full only this often, as memory allows; the variation does the rest. */
const MOST_SAMPLES = 64;
const SAMPLE_VALUES = 2 ** 22;

/** Numbers drawn from the scenario's distributions, in the model's shapes. Throws UsageError with every problem. */
export function syntheticWorkload(
  spec: WorkloadSpec,
  model: ModelMetadata,
  randomStreams: RandomStreams,
): Workload {
  const inputs = plannedInputs(spec, model);
  const variation = spec.distinct === 'all' ? variationOf(inputs) : undefined;
  const ordered =
    variation === undefined
      ? inputs
      : [variation.input, ...inputs.filter((input) => input !== variation.input)];
  const valuesPerSample = inputs.reduce((sum, input) => sum + sizeOf(input.shape), 0);
  const affordable = Math.max(1, Math.min(MOST_SAMPLES, Math.floor(SAMPLE_VALUES / valuesPerSample)));
  return {
    samples: spec.distinct === 'all' ? affordable : spec.distinct,
    sample(number): Sample {
      const random = randomStreams(number);
      const tensors = ordered.map((input) => drawn(input, random));
      const sample = { rows: spec.rows, inputs: tensors };
      return variation === undefined ? sample : { ...sample, variation: variation.variation };
    },
  };
}

export interface PlannedInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly distribution: Distribution;
}

function plannedInputs(spec: WorkloadSpec, model: ModelMetadata): PlannedInput[] {
  const problems: Problem[] = [];
  const known = model.inputs.map((input) => input.name);
  for (const name of Object.keys(spec.inputs)) {
    if (!known.includes(name)) {
      problems.push({
        field: `workload.inputs.${name}`,
        message: `the model ${model.name} has no input ${name}`,
        advice: `Its inputs: ${known.join(', ')}.`,
      });
    }
  }
  const planned = model.inputs.map((input) => planInput(spec, input, problems));
  if (model.maxRows !== undefined && spec.rows > model.maxRows) {
    problems.push({
      field: 'workload.rows',
      message: `${spec.rows} rows a request, but the model takes ${model.maxRows} at most`,
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return planned;
}

function planInput(spec: WorkloadSpec, input: TensorMetadata, problems: Problem[]): PlannedInput {
  const field = `workload.inputs.${input.name}`;
  const text = spec.inputs[input.name] ?? defaultDistribution(input.datatype);
  const distribution = parseDistribution(text);
  const [rows = 1, ...rest] = input.shape;
  if (distribution === undefined) {
    const advice = `Write one of ${DISTRIBUTION_FORMS.join(', ')}.`;
    problems.push({ field, message: `"${text}" is no distribution`, advice });
  }
  if (!NUMERIC_DATATYPES.has(input.datatype)) {
    const advice = `Numbers can be drawn for ${[...NUMERIC_DATATYPES.keys()].join(', ')}.`;
    problems.push({ field, message: `no values can be drawn for datatype ${input.datatype}`, advice });
  }
  if (rest.some((size) => size < 0)) {
    const message = `shape [${input.shape.join(', ')}]: only the first dimension, the rows, may be variable`;
    problems.push({ field, message, advice: 'Serve the model with the other dimensions fixed.' });
  }
  if (rows >= 0 && rows !== spec.rows && input.shape.length > 0) {
    const advice = `Set workload.rows to ${rows}.`;
    problems.push({ field, message: `takes exactly ${rows} rows, but a request has ${spec.rows}`, advice });
  }
  return {
    name: input.name,
    datatype: input.datatype,
    shape: input.shape.length === 0 ? [] : [spec.rows, ...rest],
    distribution: distribution ?? { kind: 'constant', value: 0 },
  };
}

function defaultDistribution(datatype: string): string {
  return datatype.startsWith('FP') ? 'normal(0, 1)' : 'ints(0, 1)';
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function drawn(input: PlannedInput, random: () => number): InputTensor {
  const draw = drawer(input.distribution, random);
  const values = new Float64Array(sizeOf(input.shape));
  for (let at = 0; at < values.length; at++) values[at] = draw();
  return { name: input.name, datatype: input.datatype, shape: input.shape, values };
}

function drawer(distribution: Distribution, random: () => number): () => number {
  switch (distribution.kind) {
    case 'constant':
      return () => distribution.value;
    case 'uniform':
      return () => distribution.from + (distribution.to - distribution.from) * random();
    case 'ints':
      return () => distribution.from + Math.floor((distribution.to - distribution.from + 1) * random());
    case 'normal':
      return () => distribution.mean + distribution.deviation * gaussian(random);
  }
}

/** Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log1p(-random())) * Math.cos(2 * Math.PI * random());
}
