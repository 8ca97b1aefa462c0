import { performance } from 'node:perf_hooks';

const BRACKETS = 100;

/** Milliseconds of `process.hrtime`: the one clock that all threads of a machine share. */
export type NowMs = () => number;

/**
 * `performance.now` is the cheapest clock (50 ns) but every thread has its own origin. So each thread measures, once,
 * how far its origin lies from `process.hrtime`: the tightest of 100 brackets
 *
 *     before = performance.now()   |
 *     shared = process.hrtime      |  shared belongs somewhere in here; the middle is wrong by half the width
 *     after  = performance.now()   |
 */
export function calibratedClock(): NowMs {
  let tightest = Number.POSITIVE_INFINITY;
  let originMs = 0;
  for (let attempt = 0; attempt < BRACKETS; attempt++) {
    const before = performance.now();
    const shared = process.hrtime.bigint();
    const after = performance.now();
    if (after - before >= tightest) continue;
    tightest = after - before;
    originMs = Number(shared) / 1e6 - (before + after) / 2;
  }
  return () => performance.now() + originMs;
}
