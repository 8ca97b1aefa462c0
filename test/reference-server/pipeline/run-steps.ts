import { joinStrings, splitStrings } from '../../../reference-server/byte-elements.ts';
import { ELEMENT, elements, type FixedDatatype } from '../../../reference-server/execution/tensors.ts';
import type { Datatype, InferContext, Tensor } from '../../../reference-server/infer.ts';
import { pipeline } from '../../../reference-server/pipeline/declared-graph.ts';
import { GraphRunner } from '../../../reference-server/pipeline/run-graph.ts';
import type { StepFiles } from '../../../reference-server/pipeline/step.ts';
import { Wiring } from '../../../reference-server/pipeline/wiring.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';

/** Rows of numbers or texts: their shape is that of the nesting. */
export interface Given {
  readonly datatype: Datatype;
  readonly values: readonly unknown[];
  /** Of the declaration; left out: the rows vary, the rest is as given. */
  readonly shape?: readonly number[];
}

export const fp32 = (...values: readonly unknown[]): Given => ({ datatype: 'FP32', values });
export const fp64 = (...values: readonly unknown[]): Given => ({ datatype: 'FP64', values });
export const int64 = (...values: readonly unknown[]): Given => ({ datatype: 'INT64', values });
export const texts = (...values: readonly string[]): Given => ({
  datatype: 'BYTES',
  values: values.map((text) => [text]),
});

export function tensorFrom(name: string, { datatype, values }: Given): Tensor {
  const shape = shapeOf(values);
  const flat = values.flat(Number.POSITIVE_INFINITY);
  if (datatype === 'BYTES') {
    const parts = flat.map((each) => (each instanceof Uint8Array ? each : Buffer.from(String(each))));
    return { name, datatype, shape, data: joinStrings(parts) };
  }
  const array = new ELEMENT[datatype].array(flat.length);
  for (const [at, value] of flat.entries()) {
    (array as unknown as unknown[])[at] =
      array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(value as number) : value;
  }
  return { name, datatype, shape, data: new Uint8Array(array.buffer) };
}

function shapeOf(values: unknown): number[] {
  return Array.isArray(values) ? [values.length, ...shapeOf(values[0])] : [];
}

/** The numbers or texts of a tensor, flat. */
export function valuesOf({ datatype, data }: Tensor): (number | string | boolean)[] {
  if (datatype === 'BYTES') return (splitStrings(data) ?? []).map((bytes) => Buffer.from(bytes).toString());
  const array = new ELEMENT[datatype as FixedDatatype].array(new Uint8Array(data).buffer);
  return Array.from(array as ArrayLike<number | bigint>, (value) =>
    datatype === 'BOOL' ? value === 1 : Number(value),
  );
}

export interface Shown {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: readonly (number | string | boolean)[];
}

/** Wires these steps behind inputs, and gives every tensor that they name last. Throws the wiring's problems. */
export async function runSteps(
  steps: readonly object[],
  inputs: Readonly<Record<string, Given>>,
  files: StepFiles = {},
): Promise<Readonly<Record<string, Shown>>> {
  const tensors = Object.entries(inputs).map(([name, given]) => tensorFrom(name, given));
  const wiring = new Wiring(
    tensors.map(({ name, datatype, shape }) => {
      const declared = inputs[name]?.shape ?? [-1, ...shape.slice(1)];
      return { name, datatype, shape: declared };
    }),
  );
  const { before } = pipeline.parse({ before: steps });
  for (const step of before) wiring.addStep(step, files);
  const names = [...new Set(before.flatMap(({ to }) => to))];
  const graph = wiring.finish(names.map((name) => ({ name })));
  if (wiring.problems.length > 0) throw new Error(wiring.problems.join('; '));
  const runner = new GraphRunner(graph, (_, run) => run());
  const { outputs } = await runner.run({ inputs: tensors, rows: tensors[0]?.shape[0] ?? 0 }, newContext());
  for (const output of outputs) checkAgainst(output, graph.outputs);
  return Object.fromEntries(
    outputs.map((output) => [
      output.name,
      { datatype: output.datatype, shape: output.shape, values: valuesOf(output) },
    ]),
  );
}

export function newContext(signal?: AbortSignal): InferContext {
  return { receivedAtMs: 0, timings: newTimings(), ...(signal === undefined ? {} : { signal }) };
}

/** What a step says that it gives is what it gives, in as many bytes. */
function checkAgainst(
  { name, datatype, shape, data }: Tensor,
  declared: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
  }[],
): void {
  const spec = declared.find((each) => each.name === name);
  const fits =
    spec?.datatype === datatype &&
    spec.shape.length === shape.length &&
    spec.shape.every((size, at) => size === -1 || size === shape[at]);
  const sized = datatype === 'BYTES' || data.byteLength === elements(shape) * ELEMENT[datatype].bytes;
  if (!fits || !sized) throw new Error(`'${name}' is ${datatype} [${shape}] of ${data.byteLength} bytes`);
}

/** The first output of one step over `x`. */
export async function step(
  declared: object,
  x: Given,
  files: StepFiles = {},
): Promise<readonly (number | string | boolean)[]> {
  const outputs = await runSteps([{ from: 'x', to: 'y', ...declared }], { x }, files);
  return Object.values(outputs)[0]?.values ?? [];
}
