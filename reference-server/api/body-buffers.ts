/** Smaller ones cost less than keeping them. */
const LEAST_BYTES = 64 * 1024;
const MOST_IDLE_BYTES = 64 * 1024 * 1024;

/**
 * Buffers for large bodies, used again: to the garbage collector each is memory outside its heap, and a few hundred new
 * ones a second keep it busy. Kept by length, since callers send one length again and again; beyond 64 MiB those go whose
 * length has not been asked for the longest.
 */
export class BodyBuffers {
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Holds whatever it held before. */
  take(length: number): Buffer {
    const used = this.#idle.get(length)?.pop();
    if (used === undefined) return Buffer.allocUnsafeSlow(length);
    this.#idleBytes -= length;
    return used;
  }

  /** Only what `take` gave, once, and when nobody reads it any more. */
  giveBack(buffer: Buffer): void {
    const { length } = buffer;
    if (length < LEAST_BYTES || length > MOST_IDLE_BYTES) return;
    const idle = this.#idle.get(length) ?? [];
    idle.push(buffer);
    this.#idleBytes += length;
    // Behind all other lengths.
    this.#idle.delete(length);
    this.#idle.set(length, idle);
    this.#trim();
  }

  #trim(): void {
    for (const [length, idle] of this.#idle) {
      while (this.#idleBytes > MOST_IDLE_BYTES && idle.pop() !== undefined) this.#idleBytes -= length;
      if (this.#idleBytes <= MOST_IDLE_BYTES) return;
      this.#idle.delete(length);
    }
  }
}
