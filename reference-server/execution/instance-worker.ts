import { parentPort, workerData } from 'node:worker_threads';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { InstanceOptions, WorkerReply, WorkerRequest } from './instance-messages.ts';
import { openSession } from './providers.ts';
import { type BatchTensor, datatypeOf, ELEMENT, elements, type TensorSpec } from './tensors.ts';

type Ran = Extract<WorkerReply, { kind: 'ran' }>['result'];

const port = parentPort;
if (port === null) throw new Error('instance-worker.ts is the entry of a worker thread');

try {
  const options = workerData as InstanceOptions;
  const { session, providerRan, providerReason } = await openSession(
    options.modelPath,
    options.provider,
    options.threads,
  );
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  await warmUp(session, inputs, options.maxRows);
  serve(session);
  reply({ kind: 'ready', inputs, outputs, providerRan, providerReason });
} catch (error) {
  reply({ kind: 'failed', message: (error as Error).message });
}

/** `session.run` occupies this thread although it gives a promise; the chain keeps the order of the requests. */
function serve(session: InferenceSession): void {
  let last: Promise<void> = Promise.resolve();
  port?.on('message', (request: WorkerRequest) => {
    last = last.then(async () => {
      if (request.kind === 'close') {
        await session.release();
        port.close();
        return;
      }
      const result = await execute(session, request.inputs, request.rows).catch(
        (error: Error): Ran => ({ error: error.message }),
      );
      reply({ kind: 'ran', id: request.id, inputs: request.inputs, result });
    });
  });
}

async function execute(
  session: InferenceSession,
  inputs: readonly BatchTensor[],
  rows: number,
): Promise<Exclude<Ran, { error: string }>> {
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]));
  const startedAtNs = process.hrtime.bigint();
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

/** ONNX Runtime's own output buffers cannot be handed to another thread, so the values are copied once. */
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
  const bytes = new Uint8Array(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { name, datatype, shape: tensor.dims, buffer: bytes.buffer };
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

/** The first run of each batch size allocates and prepares. A model with other variable dimensions has no one size. */
async function warmUp(
  session: InferenceSession,
  specs: readonly TensorSpec[],
  maxRows: number,
): Promise<void> {
  if (specs.some((spec) => spec.shape.slice(1).includes(-1))) return;
  for (const rows of batchSizes(specs, maxRows)) {
    const inputs = specs.map((spec): BatchTensor => {
      const datatype = spec.datatype as BatchTensor['datatype'];
      const shape = [rows, ...spec.shape.slice(1)];
      return {
        name: spec.name,
        datatype,
        shape,
        buffer: new ArrayBuffer(elements(shape) * ELEMENT[datatype].bytes),
      };
    });
    await execute(session, inputs, rows);
  }
}

function batchSizes(specs: readonly TensorSpec[], maxRows: number): number[] {
  const fixed = specs.map((spec) => spec.shape[0] ?? 0).find((dim) => dim !== -1);
  if (fixed !== undefined && fixed !== maxRows) {
    throw new Error(
      `the model takes exactly ${fixed} rows a run: set the largest batch to ${fixed}, not ${maxRows}`,
    );
  }
  if (fixed !== undefined) return [fixed];
  const sizes: number[] = [];
  for (let rows = 1; rows < maxRows; rows *= 2) sizes.push(rows);
  return [...sizes, maxRows];
}

function reply(message: WorkerReply): void {
  const tensors =
    message.kind !== 'ran'
      ? []
      : [...message.inputs, ...('error' in message.result ? [] : message.result.outputs)];
  port?.postMessage(
    message,
    tensors.map((tensor) => tensor.buffer),
  );
}
