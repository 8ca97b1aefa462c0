import { expect, it } from 'vitest';
import { exponential, seededRandom } from '../../../../harness/load/random.ts';
import type { LoadResult } from '../../../../harness/run/load-engine.ts';
import { PrecisionWatch } from '../../../../harness/run/threads/precision-watch.ts';
import { Histogram, liveHistograms } from '../../../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { conserved, sentToServer } from '../../../support/load-figures.ts';
import { startTruthServer } from '../../../support/start-truth-server.ts';

const RULE = { of: 'p90', precision: 0.1, afterMs: 4000, atMostMs: 20_000 } as const;

/** Reports every 400 ms of so many answers each, until the watch says that it is enough or the time is over. */
function watched(perReport: number, censored = 0) {
  const random = seededRandom(4);
  const watch = new PrecisionWatch(RULE);
  const report = new Histogram();
  let endedAtMs: number | undefined;
  for (let toMs = 0; toMs <= RULE.atMostMs; toMs += 400) {
    report.reset();
    for (let i = 0; i < perReport; i++) report.recordMs(10 * exponential(random));
    const fromMs = toMs - 400;
    if (watch.observe(fromMs, toMs, { response: report, censored })) endedAtMs ??= toMs;
  }
  const stopped = watch.stopped(endedAtMs ?? RULE.atMostMs, undefined);
  report.destroy();
  watch.close();
  return { endedAtMs, stopped };
}

it('ends at a planned look, the sooner the more was answered', () => {
  const live = liveHistograms();
  const many = watched(2000);
  expect(many.endedAtMs).toBe(4000);
  expect(many.stopped).toMatchObject({ reason: 'precise', of: 'p90', asked: 0.1, atS: 4, looks: 9 });
  const fewer = watched(150);
  // Looks after 4, 5, 6.25, 7.8 ... s, at the first report from then on.
  expect([5.2, 6.4, 8, 10]).toContain((fewer.endedAtMs ?? 0) / 1000);
  expect(fewer.stopped.precision).toBeLessThanOrEqual(0.1);
  expect(liveHistograms()).toBe(live);
});

it('goes on to the longest time where too little is known', () => {
  const { endedAtMs, stopped } = watched(10);
  expect(endedAtMs).toBeUndefined();
  expect(stopped).toMatchObject({ reason: 'max-duration', atS: 20 });
  expect(stopped.precision).toBeGreaterThan(0.1);
  // More than a tenth have no end: p90 lies beyond anything seen.
  expect(watched(2000, 400).stopped).toMatchObject({
    reason: 'max-duration',
    precision: { missing: expect.stringMatching(/two ends/) },
  });
});

it('says when it was ended by something else', () => {
  const watch = new PrecisionWatch(RULE);
  expect(watch.stopped(1500, 'abort rule: errors > 5% for 1s')).toMatchObject({
    reason: 'ended-early',
    atS: 1.5,
  });
  watch.close();
});

it.each([1, 2])(
  'ends the schedule of %i generators at one instant, and not before its time',
  async (generators) => {
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 5 } });
    try {
      const stop = { of: 'p50', precision: 0.5, afterMs: 1000, atMostMs: 20_000 } as const;
      const result: LoadResult = await runLoad(
        assignment(server.url, { generators, stop, durationMs: stop.atMostMs, windowMs: 125 }),
      );
      const witness = await server.witness();
      expect(result.stopped).toMatchObject({ reason: 'precise', of: 'p50', looks: 15 });
      expect(result.endedEarly).toBeUndefined();
      expect(result.events).toEqual([]);
      expect(result.durationMs).toBeGreaterThanOrEqual(1000);
      expect(result.durationMs).toBeLessThan(10_000);
      expect(result.stopped?.atS).toBe(result.durationMs / 1000);
      // 200/s in even gaps, to the instant of the order and no further.
      expect(result.counts.scheduled).toBe(Math.ceil(result.durationMs / 5));
      expect(result.counts.ok).toBe(result.counts.scheduled);
      expect(witness.arrivals).toBe(sentToServer(result));
      expect(conserved(result)).toBe(true);
    } finally {
      await server.stop();
    }
  },
);
