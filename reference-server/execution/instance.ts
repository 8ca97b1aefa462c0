import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { InferRequest, Tensor } from '../infer.ts';
import { BatchBuffers } from './batch-buffers.ts';
import type { InstanceOptions, WorkerReply, WorkerRequest } from './instance-messages.ts';
import type { Provider } from './providers.ts';
import { batchProblem, split, type TensorSpec } from './tensors.ts';

export interface RunResult {
  /** For each part, in order, the outputs of its rows, in the order of `Instance.outputs`, in bytes of their own. */
  readonly outputs: readonly (readonly Tensor[])[];
  /** Nanoseconds inside the model's session: without queueing, stacking and splitting. */
  readonly computeNs: number;
}

/** One loaded model: in a thread of its own, or in the one that reads and writes the requests. */
export interface Instance {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What really ran, proven when the instance started; never what was merely asked for. */
  readonly providerRan: Provider;
  /** Why `providerRan` is what it is, in a sentence. */
  readonly providerReason: string;
  /** How long the largest batch took when it was warm; undefined where that cannot be said. */
  readonly largestBatchNs: number | undefined;
  /**
   * Runs the parts' rows as one batch; `rows` is their sum. Up to `size` rows the last one is repeated, and what the
   * model makes of the copies is thrown away. Parts are stacked before the call returns, so their
   * bytes may be reused then. Runs are executed in the order of the calls; two in flight keep the thread busy.
   * Rejects with an `InstanceError`.
   */
  run(parts: readonly InferRequest[], rows: number, size?: number): Promise<RunResult>;
  /** Resolves with the reason if the instance ends in any other way than by `close()`. Never rejects. */
  readonly died: Promise<string>;
  /** Finishes the runs in flight, frees the model, ends the thread. */
  close(): Promise<void>;
}

/**
 * `start`: the model or the provider cannot be used as asked. `request`: the parts do not fit the model, or
 * one another. `run`: the model failed on this batch. `died`: the thread is gone.
 */
export type InstanceFailure = 'start' | 'request' | 'run' | 'died';

export class InstanceError extends Error {
  readonly failure: InstanceFailure;

  constructor(failure: InstanceFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InstanceError';
    this.failure = failure;
  }
}

/**
 * Loads a model in a new thread and warms it up. `entry` is the thread's program. Rejects with an `InstanceError` of
 * kind `start` that says why.
 */
export async function startInstance(options: InstanceOptions, entry: URL = WORKER_ENTRY): Promise<Instance> {
  const worker = new Worker(entry, { workerData: options });
  const ended = new Promise<string>((resolve) => {
    worker.once('error', (error) => resolve(`the model's thread failed: ${error.message}`));
    worker.once('exit', (code) => resolve(`the model's thread ended with code ${code}`));
  });
  const first = await Promise.race([ended, once(worker, 'message').then(([reply]) => reply as WorkerReply)]);
  if (typeof first !== 'string' && first.kind === 'ready')
    return new WorkerInstance(worker, ended, first, options);
  await worker.terminate();
  const reason = typeof first === 'string' || first.kind !== 'failed' ? first : first.message;
  throw new InstanceError('start', `cannot serve ${options.modelPath}: ${reason}`);
}

// Node 20 cannot start a thread on a .ts file: from the sources, as in tests, the built one is used.
const WORKER_ENTRY = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../dist/reference-server/execution/instance-worker.js'
    : './instance-worker.js',
  import.meta.url,
);

type Ready = Extract<WorkerReply, { kind: 'ready' }>;

interface PendingRun {
  readonly parts: readonly InferRequest[];
  resolve(result: RunResult): void;
  reject(error: InstanceError): void;
}

class WorkerInstance implements Instance {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly providerRan: Provider;
  readonly providerReason: string;
  readonly largestBatchNs: number | undefined;
  readonly died: Promise<string>;
  readonly #worker: Worker;
  readonly #ended: Promise<string>;
  readonly #maxRows: number;
  readonly #pending = new Map<number, PendingRun>();
  readonly #buffers: BatchBuffers;
  #runs = 0;
  #gone: string | undefined;

  constructor(worker: Worker, ended: Promise<string>, ready: Ready, options: InstanceOptions) {
    this.inputs = ready.inputs;
    this.outputs = ready.outputs;
    this.providerRan = ready.providerRan;
    this.providerReason = ready.providerReason;
    this.#worker = worker;
    this.#ended = ended;
    this.#maxRows = options.maxRows;
    this.#buffers = new BatchBuffers(ready.inputs, options.maxRows);
    this.largestBatchNs = ready.largestBatchNs;
    worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.died = new Promise((resolve) => {
      void ended.then((reason) => {
        const closed = this.#gone !== undefined;
        this.#gone ??= reason;
        for (const run of this.#pending.values()) run.reject(new InstanceError('died', reason));
        this.#pending.clear();
        if (!closed) resolve(reason);
      });
    });
  }

  async run(parts: readonly InferRequest[], rows: number, size = rows): Promise<RunResult> {
    if (this.#gone !== undefined) throw new InstanceError('died', this.#gone);
    const problem = batchProblem(this.inputs, parts, { rows, size, maxRows: this.#maxRows });
    if (problem !== undefined) throw new InstanceError('request', problem);
    const inputs = this.#buffers.stacked(parts, size);
    const id = this.#runs++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { parts, resolve, reject });
      const request: WorkerRequest = { kind: 'run', id, rows: size, inputs };
      this.#worker.postMessage(
        request,
        inputs.map((input) => input.buffer),
      );
    });
  }

  async close(): Promise<void> {
    if (this.#gone === undefined) {
      this.#gone = 'the instance is closed';
      this.#worker.postMessage({ kind: 'close' } satisfies WorkerRequest);
    }
    await this.#ended;
  }

  #settle(reply: WorkerReply): void {
    if (reply.kind !== 'ran') return;
    this.#buffers.giveBack(reply.inputs);
    const run = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (run === undefined) return;
    if ('error' in reply.result) run.reject(new InstanceError('run', reply.result.error));
    else run.resolve({ outputs: split(run.parts, reply.result.outputs), computeNs: reply.result.computeNs });
  }
}
