import { ServingError } from '../errors.ts';
import type { BodyBuffers } from './body-buffers.ts';

/**
 * A body of a known length of which not all is here yet. What arrives is copied to its place at once, so that no piece is
 * kept.
 *
 *   whole() --add, add ...--> resolved --giveBack--> the buffer is the next one's
 *      `------cutShort------> rejected
 *   never asked for: counted, and thrown away as it comes
 */
export class ArrivingBody {
  readonly length: number;
  readonly #buffers: BodyBuffers;
  #received = 0;
  #into: Buffer | undefined;
  #resolve: (body: Buffer) => void = () => {};
  #reject: (error: ServingError) => void = () => {};

  constructor(length: number, buffers: BodyBuffers) {
    this.length = length;
    this.#buffers = buffers;
  }

  get isWhole(): boolean {
    return this.#received === this.length;
  }

  /** To be called once, before anything is added. Rejects with a `cancelled` ServingError. */
  whole(): Promise<Buffer> {
    if (this.#received > 0) throw new Error('a body was asked for when some of it had been thrown away');
    this.#into = this.#buffers.take(this.length);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** How many of the bytes, from the first, belong to the body. */
  add(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.length - this.#received);
    if (this.#into !== undefined) {
      bytes.copy(this.#into, this.#received, 0, taken);
      if (this.#received + taken === this.length) this.#resolve(this.#into);
    }
    this.#received += taken;
    return taken;
  }

  /** The rest will not come. */
  cutShort(): void {
    this.#reject(new ServingError('cancelled', 'the caller closed the connection'));
  }

  /** Nobody reads the body, nor any part of it, from here on. */
  giveBack(): void {
    if (this.#into !== undefined) this.#buffers.giveBack(this.#into);
    this.#into = undefined;
  }
}
