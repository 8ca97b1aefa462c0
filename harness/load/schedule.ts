import type { Arrivals } from '../scenario/load-spec.ts';
import type { RateLawSpec } from '../scenario/rate-law.ts';
import { unitProcess } from './arrival-process.ts';
import { rateLaw, withLeadIn } from './rate-law.ts';

/**
 * Intended instants, in milliseconds from the schedule's zero, non-decreasing; Infinity once there are no more.
 * Arithmetic only: no clock, and offset i never depends on when i - 1 was sent. The caller stops at the end of its
 * phase.
 */
export interface Schedule {
  next(): number;
  /** Which payload goes with the instant that `next` gave last. Left out: each arrival's number in the whole. */
  payload?(): number;
}

export interface OpenLoad {
  readonly arrivals: Arrivals;
  readonly requestsPerS: number;
  readonly seed: number;
}

/** One rate without end: `even` starts at 0, random arrivals with their first gap. */
export function openSchedule({ arrivals, requestsPerS: perS, seed }: OpenLoad): Schedule {
  return lawSchedule({ arrivals, law: { shape: 'constant', perS }, seed, leadMs: 0 });
}

export interface LawLoad {
  readonly arrivals: Arrivals;
  readonly law: RateLawSpec;
  readonly seed: number;
  /** Before the law begins its first rate holds for so long: the warm-up. */
  readonly leadMs: number;
}

/** The one global schedule of an open load: offset i = the instant by which the law expects event i of the arrivals. */
export function lawSchedule({ arrivals, law: spec, seed, leadMs }: LawLoad): Schedule {
  const law = spec.shape === 'constant' ? rateLaw(spec) : withLeadIn(rateLaw(spec), leadMs);
  const nextEvent = unitProcess(arrivals, seed);
  let lastMs = 0;
  return {
    next() {
      // The inverse of a law is exact to rounding, which must not put an arrival before the one ahead of it.
      lastMs = Math.max(lastMs, law.whenMs(nextEvent()));
      return lastMs;
    },
  };
}

/** A query of at most this many samples warms up for the one that is measured. */
const WARMUP_SAMPLES = 32;

/** Some samples at the start of the warm-up, and after `leadMs` all that are measured. */
export function allAtOnce(samples: number, leadMs: number): Schedule {
  const warmups = leadMs === 0 ? 0 : Math.min(samples, WARMUP_SAMPLES);
  let given = 0;
  return {
    next() {
      given += 1;
      if (given <= warmups) return 0;
      return given <= warmups + samples ? leadMs : Number.POSITIVE_INFINITY;
    },
  };
}

/** Arrivals index, index + of, index + 2 of, … of the whole: the union over all indices is the whole. */
export function sliceOf(whole: Schedule, index: number, of: number): Schedule {
  for (let skipped = 0; skipped < index; skipped++) whole.next();
  let first = true;
  return {
    next() {
      for (let skipped = first ? of : 1; skipped < of; skipped++) whole.next();
      first = false;
      return whole.next();
    },
    ...(whole.payload === undefined ? {} : { payload: () => whole.payload?.() ?? 0 }),
  };
}
