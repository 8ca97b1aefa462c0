import { performance } from 'node:perf_hooks';

interface Departure {
  readonly atMs: number;
  readonly leave: () => void;
}

/** Lets each departure leave at its instant. Most instants come in non-decreasing order; the others are sorted in. */
export class Departures {
  readonly #queue: Departure[] = [];
  readonly #precise: boolean;
  #head = 0;
  #waiting = false;

  constructor(precise: boolean) {
    this.#precise = precise;
  }

  at(atMs: number, leave: () => void): void {
    if (this.#head === this.#queue.length && atMs <= performance.now()) {
      leave();
      return;
    }
    this.#insert({ atMs, leave });
    this.#wait();
  }

  #insert(departure: Departure): void {
    let place = this.#queue.length;
    while (place > this.#head && (this.#queue[place - 1]?.atMs ?? 0) > departure.atMs) place -= 1;
    if (place === this.#queue.length) this.#queue.push(departure);
    else this.#queue.splice(place, 0, departure);
  }

  #wait(): void {
    const next = this.#queue[this.#head];
    if (this.#waiting || next === undefined) return;
    this.#waiting = true;
    const leftMs = next.atMs - performance.now();
    if (this.#precise && leftMs < 3) setImmediate(() => this.#release());
    else setTimeout(() => this.#release(), Math.max(1, this.#precise ? leftMs - 2 : leftMs));
  }

  #release(): void {
    this.#waiting = false;
    const nowMs = performance.now();
    for (;;) {
      const next = this.#queue[this.#head];
      if (next === undefined || next.atMs > nowMs) break;
      this.#head += 1;
      next.leave();
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    this.#wait();
  }
}
