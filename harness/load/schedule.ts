import type { Arrivals } from '../scenario/scenario.ts';
import { exponential, seededRandom } from './random.ts';

/**
 * Intended instants, in milliseconds from the schedule's zero, non-decreasing and without end. Arithmetic only: no
 * clock, and offset i never depends on when i - 1 was sent. The caller stops at the end of its phase.
 */
export interface Schedule {
  next(): number;
}

export interface OpenLoad {
  readonly arrivals: Arrivals;
  readonly requestsPerS: number;
  readonly seed: number;
}

/** The one global schedule of an open load: `even` starts at 0, `poisson` with its first gap. */
export function openSchedule({ arrivals, requestsPerS, seed }: OpenLoad): Schedule {
  return arrivals === 'even' ? evenSchedule(requestsPerS) : poissonSchedule(requestsPerS, seed);
}

/** offset_i = i / rate, computed from i, so that nothing adds up. */
function evenSchedule(requestsPerS: number): Schedule {
  let index = 0;
  return { next: () => (1000 * index++) / requestsPerS };
}

/** Exponential gaps: offset_i is the i-th event of a Poisson process. */
function poissonSchedule(requestsPerS: number, seed: number): Schedule {
  const random = seededRandom(seed, POISSON_STREAM);
  let unitTime = 0;
  return {
    next: () => {
      unitTime += exponential(random);
      return (1000 * unitTime) / requestsPerS;
    },
  };
}

const POISSON_STREAM = 1;

/** Arrivals index, index + of, index + 2 of, … of the whole: the union over all indices is the whole. */
export function sliceOf(whole: Schedule, index: number, of: number): Schedule {
  for (let skipped = 0; skipped < index; skipped++) whole.next();
  let first = true;
  return {
    next: () => {
      for (let skipped = first ? of : 1; skipped < of; skipped++) whole.next();
      first = false;
      return whole.next();
    },
  };
}
