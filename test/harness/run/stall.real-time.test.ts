import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadResult } from '../../../harness/run/load-engine.ts';
import { readyHistograms } from '../../../harness/statistics/histogram.ts';
import { percentileMs } from '../../support/load-figures.ts';
import { onQuietMachine } from '../../support/real-time.ts';
import { STALL, stallRun } from '../../support/stall-runs.ts';

/** 2 % and one arrival gap. */
const tolerance = (expectedMs: number) => 0.02 * expectedMs + 1000 / STALL.perS;
const isAbout = (ms: number, expectedMs: number) => Math.abs(ms - expectedMs) <= tolerance(expectedMs);

/**
 * A server that stands still for one second in ten, at 1,000 arrivals a second.
 *
 *  (a) a connection for every request: arrivals during the stall wait what is left of it, evenly 0 to 1 s. They are a
 *      tenth of all, so 5 % wait longer than half a second: p95 = 500 ms, in response and in service time alike. The
 *      server then answers a thousand requests one after another; the one in their midst waits for half of that,
 *      by the server's own account, which is taken into the expectation.
 *  (b) one connection that takes b a request, r = rate x b: one request meets the stall, the others wait to be sent,
 *      and the backlog drains at 1/b. A wait longer than w befalls (1 s - w) / (1 - r) of arrivals, so response
 *      p95 = 500 x (1 + r) ms, while service p95 = b.
 */
describe('the stall', () => {
  beforeAll(readyHistograms);

  it('is in response and service time where every request has a connection', { timeout: 60_000 }, (context) =>
    onQuietMachine(context, async () => {
      const { result, releaseMs } = await stallRun(4000, 0);
      expect(releaseMs).toBeLessThan(60);
      const expectedMs = 500 + releaseMs / 2;
      expect(result.counts).toMatchObject({ scheduled: 10_000, ok: 10_000 });
      expect(percentileMs(result, 'response', 95)).toSatisfy((ms: number) => isAbout(ms, expectedMs));
      expect(percentileMs(result, 'service', 95)).toSatisfy((ms: number) => isAbout(ms, expectedMs));
      expect(percentileMs(result, 'sendLag', 95)).toBeLessThan(tolerance(0));
    }),
  );

  it(
    'is in response time, not in service time, where one connection carries all',
    { timeout: 60_000 },
    (context) =>
      onQuietMachine(context, async () => {
        const { result } = await stallRun(1, 0.2);
        expect(result.counts).toMatchObject({ scheduled: 10_000, ok: 10_000 });
        const baseMs = drainingBaseMs(result);
        const utilisation = (STALL.perS * baseMs) / 1000;
        expect(utilisation).toBeLessThan(0.5);
        const isExpected = (ms: number) => isAbout(ms, 500 * (1 + utilisation));
        expect(percentileMs(result, 'response', 95)).toSatisfy(isExpected);
        expect(percentileMs(result, 'sendLag', 95)).toSatisfy(isExpected);
        const serviceMs = percentileMs(result, 'service', 95);
        expect(serviceMs).toSatisfy((ms: number) => isAbout(ms, baseMs));
        // Measured from the send instead of from the plan, the same run would not show the stall at all.
        expect(isExpected(serviceMs)).toBe(false);
      }),
  );
});

/** What the connection took for a request while it drained the backlog: from two tenths of a second in its midst. */
function drainingBaseMs({ windows }: LoadResult): number {
  const fromS = (STALL.fromMs + STALL.forMs) / 1000 + 0.1;
  const draining = windows.filter(({ startS }) => startS > fromS - 0.01 && startS < fromS + 0.19);
  const answered = draining.reduce((sum, { ok }) => sum + ok, 0);
  return (1000 * draining.reduce((sum, { durationS }) => sum + durationS, 0)) / answered;
}
