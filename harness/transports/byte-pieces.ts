/**
 * Bytes that go out as one though they lie in several places: frames' heads in a buffer of ours, payloads where they
 * are. Used again and again; nothing is allocated once it has grown.
 */
export class BytePieces {
  readonly #buffers: Buffer[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(buffer: Buffer, from: number, to: number): void {
    if (from === to) return;
    this.#buffers[this.#count] = buffer;
    this.#from[this.#count] = from;
    this.#to[this.#count] = to;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }

  forEach(visit: (buffer: Buffer, from: number, to: number, index: number) => void): void {
    for (let index = 0; index < this.#count; index++) {
      const buffer = this.#buffers[index];
      if (buffer !== undefined) visit(buffer, this.#from[index] ?? 0, this.#to[index] ?? 0, index);
    }
  }
}
