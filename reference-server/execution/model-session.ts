import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { InstanceOptions } from './instance-messages.ts';
import { openSession, type Provider } from './providers.ts';
import { type BatchTensor, datatypeOf, ELEMENT, elements, type TensorSpec } from './tensors.ts';

/** A model that is loaded in the thread that calls, and warm. */
export interface ModelSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly providerRan: Provider;
  readonly providerReason: string;
  /** How long the largest batch takes once it is warm; undefined where dimensions besides the rows vary. */
  readonly largestBatchNs: number | undefined;
  /** One batch. The outputs' buffers are those of the runtime: they cannot be handed to another thread. */
  run(inputs: readonly BatchTensor[], rows: number): Promise<SessionRun>;
  release(): Promise<void>;
}

export interface SessionRun {
  readonly outputs: readonly BatchTensor[];
  readonly computeNs: number;
}

/** Loads and warms up a model. Throws an Error with one sentence on why it cannot. */
export async function openModel(options: InstanceOptions): Promise<ModelSession> {
  const { modelPath, provider, threads } = options;
  const { session, providerRan, providerReason } = await openSession(modelPath, provider, threads);
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const largestBatchNs = await warmUp(session, inputs, options);
  return {
    inputs,
    outputs,
    providerRan,
    providerReason,
    largestBatchNs,
    run: (batch, rows) => execute(session, batch, rows),
    release: () => session.release(),
  };
}

async function execute(
  session: InferenceSession,
  inputs: readonly BatchTensor[],
  rows: number,
): Promise<SessionRun> {
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]));
  let startedAtNs = process.hrtime.bigint();
  // The runtime computes in an immediate of its own, right after this one.
  setImmediate(() => {
    startedAtNs = process.hrtime.bigint();
  });
  const results = await session.run(feeds);
  const computeNs = Number(process.hrtime.bigint() - startedAtNs);
  const outputs = session.outputNames.map((name) => batchTensorOf(name, results[name], rows));
  return { outputs, computeNs };
}

function tensorOf(input: BatchTensor): Tensor {
  const { ort, array: ArrayType } = ELEMENT[input.datatype];
  const values = new ArrayType(input.buffer, 0, elements(input.shape));
  return new Tensor(ort as 'float32', values as Float32Array, input.shape);
}

function batchTensorOf(name: string, tensor: Tensor | undefined, rows: number): BatchTensor {
  const datatype = tensor && datatypeOf(tensor.type);
  if (tensor === undefined || datatype === undefined) {
    throw new Error(`the output "${name}" is of type ${tensor?.type}, which this server cannot send`);
  }
  if (tensor.dims[0] !== rows) {
    throw new Error(
      `the output "${name}" has shape [${tensor.dims}] for ${rows} rows: its first dimension must be the batch`,
    );
  }
  const data = tensor.data as Float32Array;
  const whole = data.byteOffset === 0 && data.buffer instanceof ArrayBuffer;
  const buffer = whole ? (data.buffer as ArrayBuffer) : new Uint8Array(bytesOf(data)).buffer;
  return { name, datatype, shape: tensor.dims, buffer };
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  const datatype = metadata.isTensor ? datatypeOf(metadata.type) : undefined;
  if (!metadata.isTensor || datatype === undefined) {
    const type = metadata.isTensor ? `a tensor of ${metadata.type}` : 'not a tensor';
    throw new Error(`"${metadata.name}" is ${type}, which this server does not run`);
  }
  const shape = metadata.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: metadata.name, datatype, shape };
}

/** Below it a batch is timed again: one run says little about so short a time. */
const SHORT_NS = 1e6;
const RUNS_TIMED = 15;
const LONG_NS = 2e9;
/** How long sizes are warmed up beyond those that matter most. */
const WARM_UP_MS = 300;

/**
 * The first run of each batch size allocates and prepares. The sizes that are named come first, and the powers of two;
 * of the others as many as fit into a third of a second. A model with other variable dimensions has no one size.
 */
async function warmUp(
  session: InferenceSession,
  specs: readonly TensorSpec[],
  options: InstanceOptions,
): Promise<number | undefined> {
  if (specs.some((spec) => spec.shape.slice(1).includes(-1))) return undefined;
  const { first, others } = batchSizes(specs, options);
  let largestNs = 0;
  for (const rows of first) {
    const { computeNs } = await execute(session, zeros(specs, rows), rows);
    if (rows === options.maxRows) largestNs = computeNs;
  }
  const untilMs = performance.now() + WARM_UP_MS;
  for (const rows of others) {
    if (performance.now() > untilMs) break;
    await execute(session, zeros(specs, rows), rows);
  }
  // What took seconds is long, warm or not, and is not waited for once more.
  return largestNs > LONG_NS ? largestNs : timeOf(session, zeros(specs, options.maxRows), options.maxRows);
}

/** The shortest of several runs, since others on the machine only add to it; of a long one the only one. */
async function timeOf(
  session: InferenceSession,
  inputs: readonly BatchTensor[],
  rows: number,
): Promise<number> {
  const times = [(await execute(session, inputs, rows)).computeNs];
  while ((times[0] ?? 0) < SHORT_NS && times.length < RUNS_TIMED) {
    times.push((await execute(session, inputs, rows)).computeNs);
  }
  return Math.min(...times);
}

function zeros(specs: readonly TensorSpec[], rows: number): BatchTensor[] {
  return specs.map((spec) => {
    const datatype = spec.datatype as BatchTensor['datatype'];
    const shape = [rows, ...spec.shape.slice(1)];
    const buffer = new ArrayBuffer(elements(shape) * ELEMENT[datatype].bytes);
    return { name: spec.name, datatype, shape, buffer };
  });
}

function batchSizes(specs: readonly TensorSpec[], { maxRows, usualRows = [] }: InstanceOptions) {
  const fixed = specs.map((spec) => spec.shape[0] ?? 0).find((dim) => dim !== -1);
  if (fixed !== undefined && fixed !== maxRows) {
    throw new Error(
      `the model takes exactly ${fixed} rows a run: set the largest batch to ${fixed}, not ${maxRows}`,
    );
  }
  if (fixed !== undefined) return { first: [fixed], others: [] };
  const all = Array.from({ length: maxRows }, (_, index) => index + 1);
  const first = new Set([...usualRows, maxRows]);
  for (let rows = 1; rows < maxRows; rows *= 2) first.add(rows);
  return { first: [...first], others: all.filter((rows) => !first.has(rows)) };
}
