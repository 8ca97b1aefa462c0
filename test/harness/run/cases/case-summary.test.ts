import { describe, expect, it } from 'vitest';
import { exponential, seededRandom } from '../../../../harness/load/random.ts';
import { isMissing, type Percentile } from '../../../../harness/record/figures.ts';
import { type CaseInput, summariseCase } from '../../../../harness/run/cases/case-summary.ts';
import type { LoadResult } from '../../../../harness/run/load-engine.ts';
import { Buckets } from '../../../../harness/statistics/buckets.ts';
import { liveHistograms } from '../../../../harness/statistics/histogram.ts';
import {
  CLOSED_LOAD,
  evenly,
  loadResult,
  OPEN_LOAD,
  type SyntheticRequest,
} from '../../../support/synthetic-load-result.ts';

const DURATION_MS = 8000;
const RATE = 200;

type Make = (index: number) => Omit<SyntheticRequest, 'intendedAtMs'>;

const driven = (
  make: Make,
  facts: Partial<LoadResult> = {},
  more: { receiveLagMs?: number } = {},
): LoadResult =>
  loadResult({
    durationMs: DURATION_MS,
    windowMs: 1000,
    requests: evenly(RATE, DURATION_MS, make),
    facts,
    ...more,
  });

/** 10 ms and a little, so that percentiles differ. */
const quiet: Make = (index) => ({ serviceMs: 10 + (index % 100) / 50, dispatchLagMs: 0.05 });

function summary(results: readonly (readonly LoadResult[])[], input: Partial<CaseInput> = {}) {
  return summariseCase({
    trials: results.map((trial, index) => ({ startedAt: `2026-11-21T09:0${index}:00.000Z`, results: trial })),
    load: OPEN_LOAD,
    headline: 'p99',
    causes: [],
    ...input,
  });
}

const valueMs = (percentile: Percentile): number => (isMissing(percentile) ? Number.NaN : percentile.value);

it('names a machine that wakes its sleepers late, and who had the core meanwhile', () => {
  const causesFor = (lateWakes: LoadResult['lateWakes'] & object) =>
    summary([[driven(quiet, { lateWakes })]]).credibility.causes;
  expect(causesFor({ count: 6, totalMs: 18, waitedMs: 0 })).toBeUndefined();
  const [byHost] = causesFor({ count: 20, totalMs: 100, waitedMs: 2 }) ?? [];
  expect(byHost?.id).toBe('late-wakes');
  expect(byHost?.message).toMatch(/20 times, 5\.0 ms in the mean: .* its host/);
  const [byOthers] = causesFor({ count: 20, totalMs: 100, waitedMs: 80 }) ?? [];
  expect(byOthers?.message).toMatch(/other processes had its core/);
});

it('widens the intervals of a case that was looked at while it ran, and says how it stopped', () => {
  const stopped = { reason: 'precise', of: 'p50', asked: 0.05, precision: 0.04, atS: 8, looks: 12 } as const;
  const widthMs = (facts: Partial<LoadResult>): number => {
    const { p50 } = summary([[driven(quiet, facts)]]).latencyMs.response;
    return isMissing(p50) || p50.high === null ? Number.NaN : p50.high - p50.low;
  };
  // Twelve looks: normal quantiles 2.87 beside 1.96.
  expect(widthMs({ stopped }) / widthMs({})).toBeGreaterThan(1.3);
  expect(widthMs({ stopped }) / widthMs({})).toBeLessThan(1.7);
  expect(summary([[driven(quiet, { stopped })]]).trials[0]?.stopped).toEqual(stopped);
  expect(summary([[driven(quiet)]]).trials[0]).not.toHaveProperty('stopped');
});

describe('a rate that changes by design', () => {
  const law = { words: 'steps', spec: {}, meanPerS: 200, peakPerS: 300, lengthS: 8 };
  const LAW_LOAD = { ...OPEN_LOAD, shape: 'stages', label: 'stages', law } as const;
  /** 100/s and 300/s by turns, a second each. */
  const stepped = (make: Make): LoadResult =>
    loadResult({
      durationMs: DURATION_MS,
      windowMs: 1000,
      requests: [0, 1, 2, 3, 4, 5, 6, 7].flatMap((second) =>
        evenly(second % 2 === 0 ? 100 : 300, 1000, make).map(({ intendedAtMs, ...request }) => ({
          ...request,
          intendedAtMs: 1000 * second + intendedAtMs,
        })),
      ),
    });

  it('is not called unsteady for that, and its throughput is as sure as what it completed of what was offered', () => {
    const one = summary([[stepped(quiet)]], { load: LAW_LOAD });
    expect(one.steady).toEqual({ verdict: 'not-assessed', message: 'the offered rate changes by design' });
    expect(one.credibility.status).toBe('valid');
    const { interval } = one.throughput;
    expect(isMissing(interval) ? 0 : interval.high - interval.low).toBeLessThan(12);
    const { interval: asIfConstant } = summary([[stepped(quiet)]]).throughput;
    expect(isMissing(asIfConstant) ? 0 : asIfConstant.high - asIfConstant.low).toBeGreaterThan(100);
  });

  it('is overloaded where it provably answers fewer than it was offered, which the steps alone would hide', () => {
    const refusing = stepped((index) => ({ serviceMs: 10, outcome: index % 4 === 0 ? 'http-5xx' : 'ok' }));
    expect(summary([[refusing]], { load: LAW_LOAD }).credibility.status).toBe('overloaded');
    expect(summary([[refusing]]).credibility.status).not.toBe('overloaded');
  });
});

describe('one quiet trial', () => {
  it('is valid, and every figure is the one that went in', () => {
    const one = summary([[driven(quiet)]]);
    expect(one.credibility).toEqual({ status: 'valid', reasons: [] });
    expect(one.counts).toMatchObject({ scheduled: 1600, sent: 1600, ok: 1600, unsent: 0 });
    expect(one.durationS).toBe(8);
    // Two of the last requests end after the phase: intended in it, but no throughput of it.
    expect(one.throughput.requestsPerS).toBeCloseTo(1598 / 8, 6);
    expect(valueMs(one.latencyMs.response.p50)).toBeCloseTo(11.03, 1);
    expect(valueMs(one.latencyMs.response.p99)).toBeCloseTo(12.01, 1);
    expect(valueMs(one.latencyMs.service.p99)).toBeCloseTo(11.96, 1);
    expect(valueMs(one.latencyMs.dispatchLag.p50)).toBeCloseTo(0.05, 3);
    expect(one.latencyMs.response.mean).toBeCloseTo(11.04, 1);
    expect(one.latencyMs.response.p999).toEqual({ missing: 'needs 4603 independent requests, has 1600' });
    expect(one.steady.verdict).toBe('steady');
    expect(one.windows).toHaveLength(8);
    expect(one.littlesLaw).toHaveProperty('missing');
    expect(Buckets.decode(one.histograms.response ?? '').count).toBe(1600);
    expect(liveHistograms()).toBe(0);
  });
});

describe('several generators and trials', () => {
  it('adds generators up to what one of them would have seen', () => {
    const requests = evenly(RATE, DURATION_MS, quiet);
    const part = (k: number) =>
      loadResult({
        durationMs: DURATION_MS,
        windowMs: 1000,
        requests: requests.filter((_, index) => index % 2 === k),
      });
    const both = summary([[part(0), part(1)]]);
    const whole = summary([[driven(quiet)]]);
    expect(both.latencyMs).toEqual(whole.latencyMs);
    expect(both.counts).toEqual(whole.counts);
    expect(both.throughput).toEqual(whole.throughput);
    expect(both.windows).toEqual(whole.windows);
    expect(both.durationS).toBe(8);
  });

  it('pools trials, which is not the mean of their percentiles', () => {
    const slow: Make = (index) => ({ serviceMs: 100 + (index % 100) / 50 });
    const pooled = summary([[driven(quiet)], [driven(slow)]]);
    expect(valueMs(pooled.latencyMs.response.p90)).toBeGreaterThan(100);
    expect(valueMs(pooled.latencyMs.response.p99)).toBeCloseTo(102, 0);
    expect(pooled.counts.scheduled).toBe(3200);
    expect(pooled.durationS).toBe(16);
    expect(pooled.trials.map(({ latencyMs }) => Math.round(valueMs(latencyMs.response.p50)))).toEqual([
      11, 101,
    ]);
    expect(pooled.windows).toHaveLength(8);
    expect(liveHistograms()).toBe(0);
  });
});

describe('requests without an end', () => {
  const every50: Make = (index) =>
    index % 50 === 0 ? { outcome: 'timeout', serviceMs: 1000 } : quiet(index);

  it('leave the percentiles that reach them open, and the mean too', () => {
    const { latencyMs, credibility } = summary([[driven(every50)]]);
    expect(latencyMs.response.p99).toMatchObject({ above: expect.closeTo(12.03, 1) });
    expect(latencyMs.response.p95).toMatchObject({ value: expect.closeTo(11.98, 1) });
    expect(latencyMs.response.max).toMatchObject({ above: expect.closeTo(12.03, 1) });
    expect(latencyMs.response.mean).toHaveProperty('missing');
    expect(credibility.status).toBe('valid');
  });

  it('count as waiting when they met the cap, so that such a case is never plainly valid', () => {
    const capped: Make = (index) => (index % 500 === 0 ? { outcome: 'unsent' } : quiet(index));
    const { counts, credibility, latencyMs } = summary([[driven(capped)]]);
    expect(counts.unsent).toBe(4);
    expect(latencyMs.response.max).toHaveProperty('above');
    expect(latencyMs.service.max).toBeCloseTo(11.98, 1);
    expect(credibility.status).toBe('connection-limited');
    expect(credibility.reasons.map(({ id }) => id)).toEqual(['in-flight-cap']);
  });
});

it('requests that end in the drain are part of how far latencies hang together', () => {
  const lateWindow = (from: LoadResult): LoadResult => ({
    ...from,
    windows: from.windows.map((window, index) => (index === 7 ? { ...window, phase: 'drain' } : window)),
  });
  // All slow requests end in the last window: without it nothing is above p99, and the rest would pass for independent.
  const tail: Make = (index) => ({ serviceMs: index >= 1560 ? 50 + index / 100 : 10 + (index % 100) / 50 });
  const { latencyMs } = summary([[lateWindow(driven(tail))]]);
  expect(latencyMs.response.p99).toMatchObject({ high: null });
});

describe('failed requests', () => {
  it('never enter a latency percentile', () => {
    const failing: Make = (index) =>
      index % 100 === 0 ? { outcome: 'http-5xx', serviceMs: 5000 } : quiet(index);
    const { latencyMs, counts } = summary([[driven(failing)]]);
    expect(counts.failed).toBe(16);
    expect(latencyMs.response.max).toBeLessThan(13);
    expect(latencyMs.response.p99).toMatchObject({ n: 1584 });
  });
});

describe('who limited the figures', () => {
  it('the client, where it acted late', () => {
    const { credibility } = summary(
      [[driven((index) => ({ ...quiet(index), dispatchLagMs: index % 20 === 0 ? 5 : 0 }))]],
      {
        causes: [{ id: 'steal', message: 'CPU steal 20 %' }],
      },
    );
    expect(credibility.status).toBe('client-limited');
    expect(credibility.reasons.map(({ id }) => id)).toEqual(['dispatch-lag', 'late-arrivals']);
    expect(credibility.reasons[0]?.message).toContain('CPU steal 20 %');
  });

  it('the client, where it read late, in closed loops too', () => {
    for (const load of [OPEN_LOAD, CLOSED_LOAD]) {
      const { credibility } = summary([[driven(quiet, {}, { receiveLagMs: 6 })]], { load });
      expect([credibility.status, credibility.reasons[0]?.id]).toEqual(['client-limited', 'receive-lag']);
    }
  });

  it('its connections, where requests waited for one', () => {
    const { credibility } = summary([[driven((index) => ({ ...quiet(index), connectionWaitMs: 3 }))]]);
    expect(credibility.status).toBe('connection-limited');
  });

  it('the server, where it answered less than it was offered', () => {
    const queueing: Make = (index) => ({ serviceMs: 10 + index * 2.5 });
    const { credibility, latencyMs } = summary([[driven(queueing)]]);
    expect(credibility.status).toBe('overloaded');
    expect(credibility.reasons[0]?.message).toMatch(/answered 6\d % of the 200\/s/);
    expect(valueMs(latencyMs.dispatchLag.p99)).toBe(0);
  });

  it('nobody, where there is too little to tell: 1 s at 200/s has no p99', () => {
    const short = loadResult({ durationMs: 1000, windowMs: 125, requests: evenly(RATE, 1000, quiet) });
    const { credibility, latencyMs } = summary([[short]]);
    expect(credibility).toMatchObject({ status: 'inconclusive', reasons: [{ id: 'too-few-samples' }] });
    expect(latencyMs.response.p99).toEqual({ missing: 'needs 459 independent requests, has 200' });
    expect(summary([[short]], { headline: 'p95' }).credibility.status).toBe('valid');
  });

  it('nobody, where the figures drifted', () => {
    const { credibility, steady } = summary([[driven((index) => ({ serviceMs: 10 + index / 160 }))]]);
    expect(steady.verdict).toBe('unsteady');
    expect(credibility.status).toBe('inconclusive');
    expect(credibility.reasons.map(({ id }) => id)).toContain('unsteady');
  });

  it.each([
    ['clock-drift', { clock: { monotonicMs: 8000, wallMs: 8100 } }],
    ['negative-time', { clamped: { negative: 1, aboveRange: 0 } }],
    ['ended-early', { endedEarly: 'errors > 5% for 5s' }],
  ])('nobody: %s', (id, facts) => {
    const { credibility } = summary([[driven(quiet, facts)]]);
    expect(credibility).toMatchObject({ status: 'inconclusive', reasons: [{ id }] });
  });
});

describe('a closed loop', () => {
  const requests = (): SyntheticRequest[] => {
    const draw = seededRandom(3);
    const slots = Array.from({ length: 4 }, () => {
      const own: SyntheticRequest[] = [];
      for (let at = 0; at < DURATION_MS; ) {
        const serviceMs = 2 + exponential(draw);
        own.push({ intendedAtMs: at, serviceMs });
        at += serviceMs;
      }
      return own;
    });
    return slots.flat().sort((a, b) => a.intendedAtMs - b.intendedAtMs);
  };

  it('obeys Little`s law, and is never overloaded', () => {
    const result = loadResult({ durationMs: DURATION_MS, windowMs: 1000, requests: requests() });
    const { littlesLaw, credibility } = summary([[result]], { load: CLOSED_LOAD });
    expect(littlesLaw).toMatchObject({ concurrency: 4, ratio: expect.closeTo(1, 2) });
    expect(credibility.status).toBe('valid');
  });
});

it('a case in which nothing was answered has reasons instead of figures', () => {
  const { latencyMs, throughput, credibility, littlesLaw } = summary([[driven(() => ({ outcome: 'open' }))]]);
  expect(throughput.requestsPerS).toBe(0);
  expect(latencyMs.response.p50).toHaveProperty('missing');
  expect(latencyMs.response.max).toHaveProperty('missing');
  expect(credibility.status).toBe('overloaded');
  expect(littlesLaw).toHaveProperty('missing');
});
