import type { InferRequest } from '../infer.ts';
import { BatchBuffers } from './batch-buffers.ts';
import { type Instance, InstanceError, type RunResult } from './instance.ts';
import type { InstanceOptions } from './instance-messages.ts';
import { type ModelSession, openModel } from './model-session.ts';
import { batchProblem, split } from './tensors.ts';

/**
 * Loads a model in the thread that calls: no way to another thread and back, and while it runs nothing else does.
 * Rejects with an `InstanceError` of kind `start` that says why.
 */
export async function startInlineInstance(options: InstanceOptions): Promise<Instance> {
  const model = await openModel(options).catch((error: Error) => {
    throw new InstanceError('start', `cannot serve ${options.modelPath}: ${error.message}`);
  });
  return new InlineInstance(model, options.maxRows);
}

class InlineInstance implements Instance {
  readonly inputs: Instance['inputs'];
  readonly outputs: Instance['outputs'];
  readonly providerRan: Instance['providerRan'];
  readonly providerReason: string;
  readonly largestBatchNs: number | undefined;
  /** It lives as long as the process does. */
  readonly died: Promise<string> = new Promise(() => {});
  readonly #model: ModelSession;
  readonly #maxRows: number;
  readonly #buffers: BatchBuffers;
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(model: ModelSession, maxRows: number) {
    this.inputs = model.inputs;
    this.outputs = model.outputs;
    this.providerRan = model.providerRan;
    this.providerReason = model.providerReason;
    this.largestBatchNs = model.largestBatchNs;
    this.#model = model;
    this.#maxRows = maxRows;
    this.#buffers = new BatchBuffers(model.inputs, maxRows);
  }

  async run(parts: readonly InferRequest[], rows: number, size = rows): Promise<RunResult> {
    if (this.#closed !== undefined) throw new InstanceError('died', 'the instance is closed');
    const problem = batchProblem(this.inputs, parts, { rows, size, maxRows: this.#maxRows });
    if (problem !== undefined) throw new InstanceError('request', problem);
    const inputs = this.#buffers.stacked(parts, size);
    const run = this.#model.run(inputs, size);
    this.#last = run;
    try {
      const { outputs, computeNs } = await run;
      return { outputs: split(parts, outputs), computeNs };
    } catch (error) {
      throw new InstanceError('run', (error as Error).message);
    } finally {
      this.#buffers.giveBack(inputs);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#last.then(
      () => this.#model.release(),
      () => this.#model.release(),
    );
    return this.#closed;
  }
}
