import type { Datatype, InferRequest, Tensor } from '../infer.ts';

/** One model input or output. `shape` has the batch dimension first; -1 is a variable dimension. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** Where a model is asked to run. `auto`: see `chooseProviders`. */
export type ProviderChoice = 'auto' | Provider;

/** Where a model's nodes really run. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';

export interface InstanceOptions {
  readonly modelPath: string;
  /** Threads within one operator on the CPU provider. */
  readonly threads: number;
  readonly provider: ProviderChoice;
  /** The largest batch that `run` will be given; every power of two up to it is warmed up, and itself. */
  readonly maxRows: number;
}

export interface RunResult {
  /** For each part, in order, the outputs of its rows, in the order of `Instance.outputs`, in bytes of their own. */
  readonly outputs: readonly (readonly Tensor[])[];
  /** Nanoseconds inside the model's session: without queueing, stacking and splitting. */
  readonly computeNs: number;
}

/** One loaded model in a thread of its own. */
export interface Instance {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What really ran, proven when the instance started; never what was merely asked for. */
  readonly providerRan: Provider;
  /** Why `providerRan` is what it is, in a sentence. */
  readonly providerReason: string;
  /**
   * Runs the parts' rows as one batch; `rows` is their sum. Parts are stacked before the call returns, so their
   * bytes may be reused then. Runs are executed in the order of the calls; two in flight keep the thread busy.
   * Rejects with an `InstanceError`.
   */
  run(parts: readonly InferRequest[], rows: number): Promise<RunResult>;
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
