/** Streams by their id, and all of them in a row. Open addressing: nothing is allocated for a stream. */
export class StreamTable<S extends { id: number; position: number }> {
  #slots: (S | undefined)[] = new Array<S | undefined>(64).fill(undefined);
  #shift = 26;
  readonly #all: S[] = [];

  get size(): number {
    return this.#all.length;
  }

  /** In no particular order. A stream that is removed has its place taken by the last: go through them backwards. */
  at(position: number): S | undefined {
    return this.#all[position];
  }

  find(id: number): S | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = this.#home(id); ; slot = (slot + 1) & mask) {
      const stream = this.#slots[slot];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  add(stream: S): void {
    stream.position = this.#all.length;
    this.#all.push(stream);
    if (this.#all.length * 2 > this.#slots.length) this.#grow();
    else this.#place(stream);
  }

  /** Must be called while the stream still has its id. */
  remove(stream: S): void {
    const last = this.#all.pop();
    if (last !== undefined && last !== stream) {
      this.#all[stream.position] = last;
      last.position = stream.position;
    }
    this.#vacate(stream.id);
  }

  /** Streams behind the gap that probed over it move up, so that no search ends too early. */
  #vacate(id: number): void {
    const mask = this.#slots.length - 1;
    let gap = this.#home(id);
    while (this.#slots[gap] !== undefined && this.#slots[gap]?.id !== id) gap = (gap + 1) & mask;
    for (let next = (gap + 1) & mask; ; next = (next + 1) & mask) {
      const stream = this.#slots[next];
      if (stream === undefined) break;
      const distance = (next - this.#home(stream.id)) & mask;
      if (distance < ((next - gap) & mask)) continue;
      this.#slots[gap] = stream;
      gap = next;
    }
    this.#slots[gap] = undefined;
  }

  #grow(): void {
    this.#slots = new Array<S | undefined>(this.#slots.length * 2).fill(undefined);
    this.#shift -= 1;
    for (const stream of this.#all) this.#place(stream);
  }

  #place(stream: S): void {
    const mask = this.#slots.length - 1;
    let slot = this.#home(stream.id);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask;
    this.#slots[slot] = stream;
  }

  /** Multiplied by the golden ratio: ids are all odd and come in rows. */
  #home(id: number): number {
    return Math.imul(id, 0x9e37_79b1) >>> this.#shift;
  }
}
