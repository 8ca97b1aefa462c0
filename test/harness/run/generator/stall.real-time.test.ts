import { describe, expect, it } from 'vitest';
import { percentileMs } from '../../../support/load-figures.ts';
import { onQuietMachine } from '../../../support/real-time.ts';
import { STALL, stallRun } from '../../../support/stall-runs.ts';

/** 2 % and one arrival gap. */
const tolerance = (expectedMs: number) => 0.02 * expectedMs + 1000 / STALL.perS;
const isAbout = (expectedMs: number) => (ms: number) => Math.abs(ms - expectedMs) <= tolerance(expectedMs);

/**
 * A server that stands still for one second in ten, at 1,000 arrivals a second. Those who come during the stall are a
 * tenth of all, so p95 is the wait of the one who comes in its midst: half a second, and then until the server has
 * answered the half of them who came before. When that was, the server says by its own clock.
 *
 *       stall                 backlog drains
 *     |=========|=========|--------x-------
 *               ^ p95      \______/ halfAnsweredMs = 500 b, where a request takes b
 *
 *  (a) a connection for every request: all kept answers leave at once, b is next to nothing, response and service
 *      p95 = 500 ms + half of that flush.
 *  (b) one connection that takes b a request, r = rate x b: one request meets the stall, the others wait to be sent,
 *      so response p95 = 500 ms + 500 b = 500 x (1 + r) ms, while service p95 = b.
 */
describe('the stall', () => {
  it('is in response and service time where every request has a connection', { timeout: 60_000 }, (context) =>
    onQuietMachine(context, async () => {
      const { result, halfAnsweredMs } = await stallRun(4000, 0);
      expect(halfAnsweredMs).toBeLessThan(30);
      expect(result.counts).toMatchObject({ scheduled: 10_000, ok: 10_000 });
      const isExpected = isAbout(500 + halfAnsweredMs);
      expect(percentileMs(result, 'response', 95)).toSatisfy(isExpected);
      expect(percentileMs(result, 'service', 95)).toSatisfy(isExpected);
      expect(percentileMs(result, 'sendLag', 95)).toBeLessThan(tolerance(0));
    }),
  );

  it(
    'is in response time, not in service time, where one connection carries all',
    { timeout: 60_000 },
    (context) =>
      onQuietMachine(context, async () => {
        const { result, halfAnsweredMs } = await stallRun(1, 0.2);
        expect(result.counts).toMatchObject({ scheduled: 10_000, ok: 10_000 });
        const baseMs = halfAnsweredMs / (STALL.perS / 2);
        const utilisation = (STALL.perS * baseMs) / 1000;
        expect(utilisation).toBeLessThan(0.5);
        const isExpected = isAbout(500 * (1 + utilisation));
        expect(percentileMs(result, 'response', 95)).toSatisfy(isExpected);
        expect(percentileMs(result, 'sendLag', 95)).toSatisfy(isExpected);
        const serviceMs = percentileMs(result, 'service', 95);
        expect(serviceMs).toSatisfy(isAbout(baseMs));
        // Measured from the send instead of from the plan, the same run would not show the stall at all.
        expect(isExpected(serviceMs)).toBe(false);
      }),
  );
});
