import type { InferRequest } from '../infer.ts';
import { type BatchTensor, ELEMENT, elements, sharedRowShape, stack, type TensorSpec } from './tensors.ts';

/**
 * Input buffers wander: filled here, lent to whatever runs the batch, given back, used again.
 *
 *   idle --stacked--> a run --giveBack--> idle        as many as there are runs in flight
 */
export class BatchBuffers {
  readonly #specs: readonly TensorSpec[];
  readonly #maxRows: number;
  readonly #idle = new Map<string, ArrayBuffer[]>();

  constructor(specs: readonly TensorSpec[], maxRows: number) {
    this.#specs = specs;
    this.#maxRows = maxRows;
  }

  /** The inputs of a batch of `size` rows. The parts must have passed `batchProblem`. */
  stacked(parts: readonly InferRequest[], size: number): BatchTensor[] {
    return this.#specs.map((spec) => {
      const datatype = spec.datatype as BatchTensor['datatype'];
      const rowShape = sharedRowShape(parts, spec.name) ?? [];
      const rowBytes = elements(rowShape) * ELEMENT[datatype].bytes;
      const idle = this.#idle.get(spec.name)?.pop();
      const fits = idle !== undefined && idle.byteLength >= size * rowBytes;
      const buffer = fits ? idle : new ArrayBuffer(this.#maxRows * rowBytes);
      stack(parts, spec.name, buffer, size * rowBytes, rowBytes);
      return { name: spec.name, datatype, shape: [size, ...rowShape], buffer };
    });
  }

  giveBack(inputs: readonly BatchTensor[]): void {
    for (const { name, buffer } of inputs) {
      const idle = this.#idle.get(name);
      if (idle === undefined) this.#idle.set(name, [buffer]);
      else idle.push(buffer);
    }
  }
}
