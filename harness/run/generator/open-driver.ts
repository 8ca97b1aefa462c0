import type { Pacer } from '../../load/pacer.ts';
import type { Schedule } from '../../load/schedule.ts';
import type { Dispatch, Driver } from './driver.ts';

/** Instants are drawn this far ahead of their time, many at once. */
const AHEAD = 1024;

export interface OpenDriverOptions {
  /** This generator's slice; its k-th arrival is number index + k x of of the global schedule. */
  readonly slice: Schedule;
  readonly generator: { readonly index: number; readonly of: number };
  readonly startAtMs: number;
  readonly endAtMs: number;
  readonly pacer: Pacer;
  readonly dispatch: Dispatch;
}

/** Open loop: each arrival at its instant, whatever became of the others. */
export class OpenDriver implements Driver {
  readonly #options: OpenDriverOptions;
  readonly #ahead = new Float64Array(AHEAD);
  /** Which payload goes with each instant. */
  readonly #payloads = new Float64Array(AHEAD);
  #drawn = 0;
  #dispatched = 0;
  #endAtMs: number;
  #next: number;

  constructor(options: OpenDriverOptions) {
    this.#options = options;
    this.#endAtMs = options.endAtMs;
    this.#refill();
    this.#next = this.#ahead[0] ?? Number.POSITIVE_INFINITY;
  }

  exhausted(): boolean {
    return this.#next >= this.#endAtMs;
  }

  advance(nowMs: number): void {
    if (this.#next > nowMs) return;
    const { dispatch, pacer } = this.#options;
    while (this.#next <= nowMs && !this.exhausted()) {
      const intendedAtMs = this.#next;
      const index = this.#payloads[this.#dispatched & (AHEAD - 1)] ?? 0;
      this.#dispatched += 1;
      if (this.#dispatched === this.#drawn) this.#refill();
      this.#next = this.#ahead[this.#dispatched & (AHEAD - 1)] ?? Number.POSITIVE_INFINITY;
      dispatch(intendedAtMs, index);
    }
    pacer.dispatched(this.#dispatched);
    if (this.#drawn - this.#dispatched < AHEAD / 2) this.#refill();
  }

  freed(): void {}

  stop(atMs: number): void {
    this.#endAtMs = Math.min(this.#endAtMs, atMs);
  }

  #refill(): void {
    const { slice, generator, startAtMs, pacer } = this.#options;
    while (this.#drawn - this.#dispatched < AHEAD) {
      const dueMs = startAtMs + slice.next();
      const number = generator.index + this.#drawn * generator.of;
      this.#ahead[this.#drawn & (AHEAD - 1)] = dueMs;
      this.#payloads[this.#drawn & (AHEAD - 1)] = slice.payload?.() ?? number;
      this.#drawn += 1;
      pacer.expect(dueMs);
    }
    pacer.publish();
  }
}
