import { type Problem, UsageError } from '../errors.ts';
import type { PayloadSpec } from '../scenario/workload-spec.ts';
import type { ModelMetadata, TensorMetadata } from '../targets/target.ts';
import { DISTRIBUTION_FORMS, type Distribution, parseDistribution } from './distribution.ts';
import type { Payloads } from './payloads.ts';
import type { RowChoice } from './row-choice.ts';
import { NUMERIC_DATATYPES, variationOf } from './variation.ts';
import type { InputTensor } from './workload.ts';

/** A stream of uniform numbers in [0, 1), the same for the same number. */
export type RandomStreams = (stream: number) => () => number;

/** So many payloads are drawn in full; more are varied from fewer, each still of its own key. */
const MOST_IN_FULL = 4096;
/** Samples that are varied by their key differ in full only this often, as memory allows. */
const MOST_TEMPLATES = 64;
const TEMPLATE_VALUES = 2 ** 22;
/** 256 MiB of 32-bit floats. */
const MOST_VALUES = 2 ** 26;

export interface SyntheticOptions {
  readonly spec: PayloadSpec;
  readonly model: ModelMetadata;
  /** How many payloads are wanted; undefined: none twice. */
  readonly keys: number | undefined;
  readonly rows: RowChoice;
  readonly randomStreams: RandomStreams;
  /** Dotted path of the class in the scenario, for messages. */
  readonly field: string;
  /** Names that another model of the mix may have. */
  readonly otherInputs?: readonly string[];
}

/** Numbers drawn from the scenario's distributions, in the model's shapes. Throws UsageError with every problem. */
export function syntheticPayloads(options: SyntheticOptions): Payloads {
  const { keys, rows, randomStreams } = options;
  const inputs = plannedInputs(options);
  const perRow = inputs.reduce((sum, input) => sum + sizeOf(input.rowShape), 0);
  const draw = (input: PlannedInput, count: number, random: () => number) => drawn(input, count, random);
  if (
    keys !== undefined &&
    keys <= MOST_IN_FULL &&
    keys * perRow * Math.max(...rows.rows) <= TEMPLATE_VALUES
  ) {
    return {
      available: undefined,
      samples: keys,
      sampleOfKey: (key) => key,
      sample(number) {
        const random = randomStreams(number);
        const count = rows.rows[rows.choiceOf(number)] ?? 1;
        return { rows: count, inputs: inputs.map((input) => draw(input, count, random)) };
      },
    };
  }
  const { input: first, variation: varied } = variationOf(withSmallestShape(inputs, rows), options.field);
  const ordered = [first, ...inputs.filter((input) => input.name !== first.name)];
  const each = templatesEach(perRow, rows, options.field);
  return {
    available: undefined,
    samples: each * rows.rows.length,
    sampleOfKey: (key) => rows.choiceOf(key) * each + (key % each),
    sample(number) {
      const random = randomStreams(number);
      const count = rows.rows[Math.floor(number / each)] ?? 1;
      return { rows: count, inputs: ordered.map((input) => draw(input, count, random)), varied };
    },
  };
}

/** Templates for each number of rows. */
function templatesEach(perRow: number, { rows }: RowChoice, field: string): number {
  const once = perRow * rows.reduce((sum, count) => sum + count, 0);
  if (once > MOST_VALUES) {
    const message = `one payload for each number of rows makes ${once} numbers; at most ${MOST_VALUES} are held`;
    throw new UsageError([{ field: `${field}.rows`, message, advice: 'Name fewer numbers of rows.' }]);
  }
  return Math.max(1, Math.min(MOST_TEMPLATES, Math.floor(TEMPLATE_VALUES / once)));
}

interface PlannedInput {
  readonly name: string;
  readonly datatype: string;
  /** Of one row; undefined for an input without dimensions. */
  readonly rowShape: readonly number[];
  readonly scalar: boolean;
  readonly distribution: Distribution;
}

function withSmallestShape(inputs: readonly PlannedInput[], { rows }: RowChoice) {
  return inputs.map((input) => ({ ...input, shape: shapeOf(input, Math.min(...rows)) }));
}

function shapeOf({ rowShape, scalar }: PlannedInput, rows: number): number[] {
  return scalar ? [] : [rows, ...rowShape];
}

function plannedInputs({ spec, model, rows, field, otherInputs = [] }: SyntheticOptions): PlannedInput[] {
  const problems: Problem[] = [];
  const known = model.inputs.map((input) => input.name);
  for (const [named, inputs] of Object.entries({ inputs: spec.inputs, shapes: spec.shapes ?? {} })) {
    for (const name of Object.keys(inputs)) {
      if (known.includes(name) || otherInputs.includes(name)) continue;
      problems.push({
        field: `${field}.${named}.${name}`,
        message: `the model ${model.name} has no input ${name}`,
        advice: `Its inputs: ${known.join(', ')}.`,
      });
    }
  }
  const most = Math.max(...rows.rows);
  const planned = model.inputs.map((input) => planInput(spec, input, rows, field, problems));
  if (model.maxRows !== undefined && most > model.maxRows) {
    problems.push({
      field: `${field}.rows`,
      message: `${most} rows a request, but the model takes ${model.maxRows} at most`,
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return planned;
}

function planInput(
  spec: PayloadSpec,
  input: TensorMetadata,
  rows: RowChoice,
  parent: string,
  problems: Problem[],
): PlannedInput {
  const field = `${parent}.inputs.${input.name}`;
  const text = spec.inputs[input.name] ?? defaultDistribution(input);
  const distribution = parseDistribution(text);
  const [fixedRows = 1] = input.shape;
  if (distribution === undefined) {
    const advice = `Write one of ${DISTRIBUTION_FORMS.join(', ')}.`;
    problems.push({ field, message: `"${text}" is no distribution`, advice });
  }
  if (!NUMERIC_DATATYPES.has(input.datatype)) {
    const advice = `Numbers can be drawn for ${[...NUMERIC_DATATYPES.keys()].join(', ')}.`;
    problems.push({ field, message: `no values can be drawn for datatype ${input.datatype}`, advice });
  }
  const rowShape = planShape(spec, input, parent, problems);
  const other = rows.rows.find((count) => count !== fixedRows);
  if (fixedRows >= 0 && other !== undefined && input.shape.length > 0) {
    const advice = `Set workload.rows to ${fixedRows}.`;
    problems.push({ field, message: `takes exactly ${fixedRows} rows, but a request has ${other}`, advice });
  }
  return {
    name: input.name,
    datatype: input.datatype,
    rowShape,
    scalar: input.shape.length === 0,
    distribution: distribution ?? { kind: 'constant', value: 0 },
  };
}

/** The scenario's shape, or the server's example where dimensions are variable; of one row. */
function planShape(
  spec: PayloadSpec,
  input: TensorMetadata,
  parent: string,
  problems: Problem[],
): readonly number[] {
  const own = input.shape.slice(1);
  const fits = (shape: readonly number[]) =>
    shape.length === own.length && own.every((size, at) => size < 0 || size === shape[at]);
  const example = input.exampleShape ?? [];
  const wanted = spec.shapes?.[input.name] ?? (fits(example) ? example : undefined);
  const field = `${parent}.shapes.${input.name}`;
  if (wanted === undefined) {
    if (own.some((size) => size < 0)) {
      const message = `shape [${input.shape.join(', ')}]: how long are the variable dimensions after the rows?`;
      const advice = `As in shapes: { ${input.name}: ${shapeText(own.map((size) => (size < 0 ? 64 : size)))} }.`;
      problems.push({ field, message, advice });
    }
    return own;
  }
  if (!fits(wanted)) {
    const message = `found ${shapeText(wanted)}; the model takes ${shapeText(own)} after the rows (-1 is any size)`;
    problems.push({ field, message });
  }
  return wanted;
}

function shapeText(shape: readonly number[]): string {
  return shape.length === 1 ? String(shape[0]) : `[${shape.join(', ')}]`;
}

/** What the server says of its input; what makes no sense there is as good as nothing. */
function defaultDistribution({ datatype, exampleValues = '' }: TensorMetadata): string {
  if (parseDistribution(exampleValues) !== undefined) return exampleValues;
  return datatype.startsWith('FP') ? 'normal(0, 1)' : 'ints(0, 1)';
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function drawn(input: PlannedInput, rows: number, random: () => number): InputTensor {
  const draw = drawer(input.distribution, random);
  const shape = shapeOf(input, rows);
  const values = new Float64Array(sizeOf(shape));
  for (let at = 0; at < values.length; at++) values[at] = draw();
  return { name: input.name, datatype: input.datatype, shape, values };
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
