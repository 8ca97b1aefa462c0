import { setTimeout as sleep } from 'node:timers/promises';
import { type Instance, InstanceError, type RunResult } from '../../reference-server/execution/instance.ts';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import type { InferRequest } from '../../reference-server/infer.ts';

/** A row of `x` as it was when its batch was stacked. */
export interface SeenRows {
  readonly tag: number;
  /** All numbers of the request were this one. */
  readonly isOne: boolean;
}

/** Copies its rows when it is called, as real ones do, answers them `runMs` later, and fails now and then. */
export class StackingInstance implements Instance {
  readonly inputs: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }];
  readonly outputs: readonly TensorSpec[] = [{ name: 'same', datatype: 'FP32', shape: [-1, 3] }];
  readonly providerRan = 'cpu';
  readonly providerReason = 'it is a stand-in';
  readonly largestBatchNs: number | undefined = undefined;
  readonly died: Promise<string> = new Promise(() => {});
  readonly seen: SeenRows[] = [];
  /** Requests whose bytes lay where those of another one lay before. */
  reused = 0;
  readonly #tagIn = new WeakMap<ArrayBufferLike, number>();
  readonly #runMs: number;
  #runs = 0;

  constructor(runMs: number) {
    this.#runMs = runMs;
  }

  async run(parts: readonly InferRequest[]): Promise<RunResult> {
    const stacked = parts.map(({ inputs }) => new Uint8Array(inputs[0]?.data ?? []));
    stacked.forEach((rows, at) => {
      const seen = rowsOf(rows);
      this.seen.push(seen);
      this.#look(parts[at], seen.tag);
    });
    this.#runs++;
    await sleep(this.#runMs);
    // Each of several runs again by itself.
    if (parts.length > 1 && this.#runs % 4 === 0) throw new InstanceError('run', 'one of them is to blame');
    const outputs = parts.map(({ rows }, at) => [
      { name: 'same', datatype: 'FP32', shape: [rows, 3], data: stacked[at] ?? new Uint8Array() } as const,
    ]);
    return { computeNs: 1000, outputs };
  }

  #look(part: InferRequest | undefined, tag: number): void {
    const memory = part?.inputs[0]?.data.buffer;
    if (memory === undefined) return;
    if ((this.#tagIn.get(memory) ?? tag) !== tag) this.reused++;
    this.#tagIn.set(memory, tag);
  }

  async close(): Promise<void> {}
}

export function rowsOf({ buffer, byteOffset, byteLength }: Uint8Array): SeenRows {
  const values = new Float32Array(buffer, byteOffset, byteLength / 4);
  const tag = values[0] ?? Number.NaN;
  return { tag, isOne: values.every((value) => value === tag) };
}
