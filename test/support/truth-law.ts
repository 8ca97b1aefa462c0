import { exponential, seededRandom } from '../../harness/load/random.ts';
import type { Law } from './truth-config.ts';

/** Absolute departures, so that a late timer delays one answer and not all that follow. */
export class DepartureLaw {
  readonly #law: Law;
  readonly #random: () => number;
  #firstAtMs: number | undefined;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(law: Law) {
    this.#law = law;
    this.#random = seededRandom(law.kind === 'queue' ? law.seed : 0);
  }

  departure(arrivedAtMs: number): number {
    const law = this.#law;
    this.#firstAtMs ??= arrivedAtMs;
    if (law.kind === 'constant') return arrivedAtMs + law.delayMs;
    if (law.kind === 'stall') {
      const stallAtMs = this.#firstAtMs + law.stallFromMs;
      const leavesAtMs = arrivedAtMs + law.delayMs;
      const stalled = leavesAtMs >= stallAtMs && arrivedAtMs < stallAtMs + law.stallForMs;
      return stalled ? Math.max(leavesAtMs, stallAtMs + law.stallForMs) : leavesAtMs;
    }
    this.#lastAtMs = Math.max(this.#lastAtMs, arrivedAtMs) + law.meanMs * this.#serviceShare();
    return this.#lastAtMs;
  }

  #serviceShare(): number {
    const exponentially = this.#law.kind === 'queue' && this.#law.service === 'exponential';
    return exponentially ? exponential(this.#random) : 1;
  }
}
