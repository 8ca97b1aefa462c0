import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import { meanInterval } from '../../../harness/statistics/batch-means.ts';
import { littlesLaw } from '../../../harness/statistics/littles-law.ts';
import { windowLengthMs } from '../../../harness/statistics/window-length.ts';
import { autoregression, flowWindows, simulateQueue } from '../../support/queue-simulation.ts';

describe('the interval of a mean over windows', () => {
  it.each([
    [8, 0, 0.93],
    [30, 0, 0.93],
    [30, 0.5, 0.9],
    [120, 0.6, 0.91],
  ])('covers the truth from %d windows with correlation %d', (windows, phi, atLeast) => {
    const draw = seededRandom(41);
    let covered = 0;
    for (let run = 0; run < 1000; run++) {
      const interval = meanInterval(autoregression(draw, phi, windows).map((error) => 100 + 5 * error));
      if (interval !== undefined && interval.low <= 100 && interval.high >= 100) covered++;
    }
    expect(covered / 1000).toBeGreaterThan(atLeast);
    expect(covered / 1000).toBeLessThan(0.995);
  });

  it.each([
    [0.5, 4000],
    [0.8, 30_000],
    [0.9, 8000],
  ])('covers the throughput of a queue at utilisation %d over %d ms', (utilization, durationMs) => {
    const draw = seededRandom(42);
    const perS = (1000 * utilization) / 5;
    const run = { utilization, serviceMeanMs: 5, durationMs };
    const windowMs = windowLengthMs(durationMs, perS);
    const covered = Array.from({ length: 150 }, () => {
      const windows = flowWindows(simulateQueue(draw, run), durationMs, windowMs).slice(1);
      const { low, high } = meanInterval(windows.map(({ ok, durationS }) => ok / durationS)) ?? {
        low: 0,
        high: 0,
      };
      return low <= perS && perS <= high;
    });
    expect(covered.filter(Boolean).length / covered.length).toBeGreaterThanOrEqual(0.9);
  });

  it('is exact for a table by hand, and absent below three windows', () => {
    // Mean 10, standard deviation 1, neighbours uncorrelated: 10 +- 4.3027 / sqrt 3.
    const { low, high } = meanInterval([9, 11, 10]) ?? { low: 0, high: 0 };
    expect(low).toBeCloseTo(10 - 4.3027 / Math.sqrt(3), 3);
    expect(high).toBeCloseTo(10 + 4.3027 / Math.sqrt(3), 3);
    expect(meanInterval([9, 11])).toBeUndefined();
  });
});

it('little`s law: 64 in the loop at 1,280/s means 50 ms', () => {
  const law = littlesLaw({ concurrency: 64, completionsPerS: 1280, meanMs: 40, thinkTimeMs: 10 });
  expect(law).toEqual({ concurrency: 64, implied: 64, ratio: 1 });
  expect(littlesLaw({ concurrency: 64, completionsPerS: 640, meanMs: 40, thinkTimeMs: 10 }).ratio).toBe(0.5);
});

it.each([
  [60_000, 1000, 1000],
  [60_000, undefined, 1000],
  [60_000, 20, 5000],
  [4_000, 1000, 500],
  [4_000, undefined, 500],
  [4_000, 40, 500],
  [60_000, 1, 7500],
  [10_500, 1000, 954.545],
])('windows of a run of %d ms at %d requests/s last %d ms', (durationMs, requestsPerS, windowMs) => {
  expect(windowLengthMs(durationMs, requestsPerS)).toBeCloseTo(windowMs, 2);
});
