import { performance } from 'node:perf_hooks';

interface Departure {
  readonly atMs: number;
  readonly leave: () => void;
}

/** Lets each departure leave at its instant; the instants come in non-decreasing order. */
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
    this.#queue.push({ atMs, leave });
    this.#wait();
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
