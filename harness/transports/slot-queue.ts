/** First in, first out, of slot numbers; a ring that grows by doubling and then allocates nothing. */
export class SlotQueue {
  #ring = new Int32Array(64);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest slot, left where it is; -1 when there is none. */
  get first(): number {
    return this.#size === 0 ? -1 : (this.#ring[this.#head] ?? -1);
  }

  push(slot: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = slot;
    this.#size += 1;
  }

  /** The oldest slot, or -1 when there is none. */
  shift(): number {
    if (this.#size === 0) return -1;
    const slot = this.#ring[this.#head] ?? -1;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return slot;
  }

  #grow(): void {
    const old = this.#ring;
    this.#ring = new Int32Array(old.length * 2);
    for (let at = 0; at < this.#size; at++) this.#ring[at] = old[(this.#head + at) & (old.length - 1)] ?? -1;
    this.#head = 0;
  }
}
