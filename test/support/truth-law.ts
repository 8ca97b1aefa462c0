import { exponential, seededRandom } from '../../harness/load/random.ts';
import type { Law, QueueLaw } from './truth-config.ts';

/** Absolute departures, so that a late timer delays one answer and not all that follow. */
export class DepartureLaw {
  readonly #law: Law;
  readonly #random: () => number;
  #firstAtMs: number | undefined;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(law: Law) {
    this.#law = law;
    this.#random = seededRandom('seed' in law ? law.seed : 0);
  }

  departure(arrivedAtMs: number): number {
    const law = this.#law;
    this.#firstAtMs ??= arrivedAtMs;
    if (law.kind === 'constant') return arrivedAtMs + law.delayMs;
    if (law.kind === 'bimodal') {
      return arrivedAtMs + (this.#random() < law.slowShare ? law.slowMs : law.fastMs);
    }
    if (law.kind === 'stall') {
      const stallAtMs = this.#firstAtMs + law.stallFromMs;
      const leavesAtMs = arrivedAtMs + law.delayMs;
      const stalled = leavesAtMs >= stallAtMs && arrivedAtMs < stallAtMs + law.stallForMs;
      return stalled ? Math.max(leavesAtMs, stallAtMs + law.stallForMs) : leavesAtMs;
    }
    this.#lastAtMs = Math.max(this.#lastAtMs, arrivedAtMs) + serviceMs(law, this.#random);
    return this.#lastAtMs;
  }
}

/** Service time of the next customer: the k-th draw belongs to the k-th arrival. */
export function serviceMs({ service, meanMs }: QueueLaw, random: () => number): number {
  return service === 'exponential' ? meanMs * exponential(random) : meanMs;
}
