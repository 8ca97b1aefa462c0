import type { Placement } from './placement.ts';
import type { Provider, ProviderChoice } from './providers.ts';
import type { BatchTensor, TensorSpec } from './tensors.ts';

/** What a thread starts with. */
export interface InstanceOptions {
  readonly modelPath: string;
  /** Threads within one operator on the CPU provider. */
  readonly threads: number;
  readonly provider: ProviderChoice;
  /** The largest batch that `run` will be given. */
  readonly maxRows: number;
  /** Sizes of batches that are to be expected: warmed up first, with the powers of two. */
  readonly usualRows?: readonly number[];
  /** In a thread of its own unless it says `inline`. */
  readonly placement?: Placement;
}

/** What the thread is told. `inputs` own their buffers, and come back with the answer. */
export type WorkerRequest =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly rows: number;
      readonly inputs: readonly BatchTensor[];
    }
  | { readonly kind: 'close' };

/** What the thread says: `ready` or `failed` once, then one answer for each run, in order. */
export type WorkerReply =
  | {
      readonly kind: 'ready';
      readonly inputs: readonly TensorSpec[];
      readonly outputs: readonly TensorSpec[];
      readonly providerRan: Provider;
      readonly providerReason: string;
      readonly largestBatchNs: number | undefined;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'ran';
      readonly id: number;
      readonly inputs: readonly BatchTensor[];
      readonly result:
        | { readonly outputs: readonly BatchTensor[]; readonly computeNs: number }
        | { readonly error: string };
    };
