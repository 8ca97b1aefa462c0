import { describe, expect, it } from 'vitest';
import { exponential, type Random, seededRandom } from '../../../harness/load/random.ts';
import { smallestDifferencePct } from '../../../harness/statistics/detectable-difference.ts';
import { ratioInterval } from '../../../harness/statistics/ratio.ts';
import { windowLengthMs } from '../../../harness/statistics/window-length.ts';
import {
  ExactValues,
  type IntervalAt,
  intervalsOf,
  responseMs,
  simulateQueue,
  valueWindows,
} from '../../support/queue-simulation.ts';

/** Requests with independent times of mean `scale`. */
function independent(draw: Random, requests: number, windows: number, scale: number): IntervalAt {
  const parts = Array.from({ length: windows }, () =>
    Array.from({ length: requests / windows }, () => exponential(draw) * scale),
  );
  return intervalsOf(
    parts.map((part) => new ExactValues(part)),
    new ExactValues(parts.flat()),
  );
}

function queued(draw: Random, utilization: number, durationMs: number): IntervalAt {
  const run = { utilization, serviceMeanMs: 5, durationMs };
  const requests = simulateQueue(draw, run).filter(({ intendedAtMs }) => intendedAtMs >= 0);
  const windowMs = windowLengthMs(durationMs, (utilization / run.serviceMeanMs) * 1000);
  return intervalsOf(valueWindows(requests, durationMs, windowMs), new ExactValues(requests.map(responseMs)));
}

/** Share of pairs of runs between which a difference of a percentile is shown; the largest share of any of them. */
function shown(
  pairs: number,
  percentiles: readonly number[],
  pair: () => readonly [before: IntervalAt, after: IntervalAt],
): number {
  const differences = percentiles.map(() => 0);
  for (let run = 0; run < pairs; run++) {
    const [before, after] = pair();
    for (const [at, p] of percentiles.entries()) {
      if (isDifferent(before(p), after(p))) differences[at] = (differences[at] ?? 0) + 1;
    }
  }
  return Math.max(...differences) / pairs;
}

function isDifferent(a: ReturnType<IntervalAt>, b: ReturnType<IntervalAt>): boolean {
  if ('missing' in a || 'missing' in b || a.high === null || b.high === null) return false;
  const { low, high } = ratioInterval({ ...a, high: a.high }, { ...b, high: b.high });
  return low > 1 || high < 1;
}

describe('two runs of the same are told apart at most 1 time in 20', () => {
  it.each([
    [0.5, 30_000],
    [0.8, 60_000],
    [0.9, 30_000],
  ])('behind a queue at utilisation %d over %d ms', (rho, durationMs) => {
    const draw = seededRandom(53);
    const run = () => queued(draw, rho, durationMs);
    expect(shown(60, [0.5, 0.9, 0.95], () => [run(), run()])).toBeLessThanOrEqual(0.05);
  });

  it('where requests are independent', () => {
    const draw = seededRandom(54);
    const run = () => independent(draw, 1600, 8, 1);
    expect(shown(150, [0.5, 0.99], () => [run(), run()])).toBeLessThanOrEqual(0.05);
  });
});

describe('two runs that differ by as much as a rehearsal says can be seen', () => {
  it.each([
    [1600, 8, 150],
    [4000, 8, 100],
    [12_000, 30, 50],
  ])('of %d requests in %d windows are told apart 8 times in 10', (requests, windows, pairs) => {
    const draw = seededRandom(55);
    const run = (scale: number) => independent(draw, requests, windows, scale);
    const factor = 1 + (smallestDifferencePct(requests) ?? 0) / 100;
    expect(shown(pairs, [0.99], () => [run(1), run(factor)])).toBeGreaterThanOrEqual(0.8);
  });

  it('of hardly more than the samples that p99 needs show nothing, and that is said beforehand', () => {
    expect(smallestDifferencePct(1000)).toBeUndefined();
    expect(smallestDifferencePct(1600)).toBeGreaterThan(40);
    expect(smallestDifferencePct(100_000)).toBeLessThan(5);
  });
});
