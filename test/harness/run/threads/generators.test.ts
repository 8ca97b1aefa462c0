import { describe, expect, it, test } from 'vitest';
import { payloadOf, slotsOf } from '../../../../harness/load/closed.ts';
import { lawSchedule } from '../../../../harness/load/schedule.ts';
import type { LoadAssignment, LoadResult } from '../../../../harness/run/load-engine.ts';
import { crowded, generatorCount } from '../../../../harness/run/plan/generator-count.ts';
import { mergeResults, mergeWindows } from '../../../../harness/run/results/merge-results.ts';
import { sharesOf } from '../../../../harness/run/threads/generators-together.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';
import type { RateLawSpec } from '../../../../harness/scenario/rate-law.ts';
import { Histogram } from '../../../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { conserved, sentToServer, withHistogram } from '../../../support/load-figures.ts';
import { startTruthServer } from '../../../support/start-truth-server.ts';
import type { TruthConfig, Witness } from '../../../support/truth-config.ts';

const LAW: RateLawSpec = {
  shape: 'stages',
  stages: [
    { kind: 'hold', toPerS: 300, forMs: 300 },
    { kind: 'hold', toPerS: 0, forMs: 200 },
    { kind: 'ramp', toPerS: 900, forMs: 500 },
  ],
};

async function witnessed(
  config: Partial<TruthConfig>,
  changes: Partial<LoadAssignment>,
  watch: Parameters<typeof runLoad>[1] = {},
): Promise<{ result: LoadResult; witness: Witness }> {
  const server = await startTruthServer({
    law: { kind: 'constant', delayMs: 1 },
    keepArrivals: true,
    keepIds: true,
    ...config,
  });
  try {
    const result = await runLoad(assignment(server.url, changes), watch);
    return { result, witness: await server.witness() };
  } finally {
    await server.stop();
  }
}

describe('one global schedule', () => {
  it('brings the same arrivals and payloads with one generator and with two', async () => {
    const load = { shape: 'law', arrivals: 'poisson', law: LAW } as const;
    const expected: number[] = [];
    const schedule = lawSchedule({ ...load, seed: 1, leadMs: 200 });
    for (let at = schedule.next(); at < 1200; at = schedule.next()) expected.push(at);

    for (const generators of [1, 2]) {
      const { result, witness } = await witnessed({}, { load, generators });
      expect(conserved(result)).toBe(true);
      expect(result.counts.ok).toBe(result.counts.scheduled);
      expect(result.counts.scheduled).toBe(expected.filter((at) => at >= 200).length);
      expect(result.warmupCounts.scheduled).toBe(expected.filter((at) => at < 200).length);
      expect(witness.arrivals).toBe(sentToServer(result));
      // Every payload carries its number in the whole: each came once, whoever sent it.
      const numbers = witness.ids.map(Number).sort((a, b) => a - b);
      expect(numbers).toEqual(expected.map((_, index) => index));
      // By the clock of the server, which knows of no plan: each at its instant or later, none before.
      const zeroMs = result.instants.warmupAtMs;
      const lags = witness.ids.map(
        (id, at) => (witness.arrivedAtMs[at] ?? 0) - zeroMs - (expected[Number(id)] ?? 0),
      );
      expect(Math.min(...lags)).toBeGreaterThan(-0.2);
      // Arrivals by the windows' edges, too.
      const measured = result.windows.filter(({ phase }) => phase === 'measure');
      expect(measured.map(({ startS }) => startS)).toEqual([0, 0.5]);
      expect(measured.map(({ arrivals }) => arrivals)).toEqual([
        expected.filter((at) => at >= 200 && at < 700).length,
        expected.filter((at) => at >= 700).length,
      ]);
      expect(withHistogram(result, 'response', ({ count }) => count)).toBe(result.counts.ok);
      expect(withHistogram(result, 'dispatchLag', ({ count }) => count)).toBe(result.counts.sent);
    }
  });

  it('keeps a closed loop at its slots, each with payloads of its own', async () => {
    const load = { shape: 'closed', inFlight: 5, thinkTimeMs: 2 } as const;
    const { result, witness } = await witnessed({}, { load, generators: 2, warmupMs: 0, durationMs: 500 });
    expect(conserved(result)).toBe(true);
    expect(witness.arrivals).toBe(sentToServer(result));
    expect(new Set(witness.ids).size).toBe(witness.ids.length);
    expect(result.connections.opened).toBe(5);
    // Slots 0, 2, 4 are of one generator and 1, 3 of the other.
    const slots = new Set(witness.ids.map((id) => Number(id) % 5));
    expect([...slots].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(payloadOf(3, 2, 5)).toBe(13);
  });
});

it.each([1, 2])(
  'sends an offline query at once and ends with its last answer (%i generators)',
  async (generators) => {
    const load = { shape: 'offline', samples: 300 } as const;
    const { result, witness } = await witnessed(
      { law: { kind: 'constant', delayMs: 40 } },
      { load, generators, durationMs: 20_000, maxInFlight: 300, connections: 60 },
    );
    expect(result.counts).toMatchObject({ scheduled: 300, ok: 300 });
    expect(result.warmupCounts.scheduled).toBe(32);
    expect(witness.arrivals).toBe(332);
    expect(result.completedInPhase.requests).toBe(300);
    expect(result.endedEarly).toBeUndefined();
    // 300 over 60 connections are five rounds of 40 ms.
    expect(result.durationMs).toBeGreaterThan(199);
    expect(result.durationMs).toBeLessThan(10_000);
    expect(conserved(result)).toBe(true);
  },
);

describe('several generators end together', () => {
  const load = { shape: 'open', arrivals: 'poisson', requestsPerS: 300 } as const;

  it('by an abort rule that only all of them break', async () => {
    const rule = { expression: 'errors > 40% for 1s', metric: 'errors', above: 0.4, forMs: 1000 } as const;
    const { result } = await witnessed(
      { fault: { kind: 'status-503', every: 2 } },
      { load, generators: 2, durationMs: 20_000, abort: [rule] },
    );
    expect(result.endedEarly).toBe('abort rule: errors > 40% for 1s');
    expect(result.events.filter(({ message }) => message.startsWith('abort rule'))).toHaveLength(1);
    expect(result.durationMs).toBeLessThan(10_000);
    expect(result.instants.measureEndAtMs - result.instants.measureAtMs).toBe(result.durationMs);
    expect(conserved(result)).toBe(true);
  });

  it('and not by a rule that one of them alone breaks', async () => {
    const rule = { expression: 'errors > 75% for 1s', metric: 'errors', above: 0.75, forMs: 1000 } as const;
    // Every second request fails, which are those of the second generator.
    const even = { shape: 'open', arrivals: 'even', requestsPerS: 50 } as const;
    const { result } = await witnessed(
      { fault: { kind: 'status-503', every: 2 } },
      { load: even, generators: 2, warmupMs: 0, durationMs: 2200, abort: [rule] },
    );
    expect(result.endedEarly).toBeUndefined();
    expect(result.counts).toMatchObject({ scheduled: 110, failed: 55 });
  });

  it('when the user drains', async () => {
    const drain = new AbortController();
    const { result, witness } = await witnessed(
      { law: { kind: 'constant', delayMs: 50 } },
      { load, generators: 2, durationMs: 20_000 },
      { onStart: () => setTimeout(() => drain.abort(), 600), drain: drain.signal },
    );
    expect(result.endedEarly).toBe('interrupted: drained what was in flight');
    expect(result.counts.ok).toBe(result.counts.scheduled);
    expect(witness.arrivals).toBe(sentToServer(result));
    expect(result.durationMs).toBeLessThan(5000);
  });

  it('when the user cancels, or has done so before they began', async () => {
    const cancel = new AbortController();
    const { result } = await witnessed(
      { law: { kind: 'constant', delayMs: 400 } },
      { load, generators: 2, durationMs: 20_000 },
      { onStart: () => setTimeout(() => cancel.abort(), 600), cancel: cancel.signal },
    );
    expect(conserved(result)).toBe(true);
    expect(result.counts.cancelled).toBeGreaterThan(0);
    const before = { drain: AbortSignal.abort() };
    const early = await witnessed({}, { load, generators: 2, warmupMs: 10_000 }, before);
    expect(early.result.durationMs).toBe(0);
  });

  it('with every problem, once, when the assignment cannot be carried out', async () => {
    const workload = { ...assignment('').workload, inputs: { nothing: 'normal(0, 1)' } };
    await expect(witnessed({}, { generators: 2, workload })).rejects.toThrow('no input nothing');
  });

  it('and count what met the cap, which they share', async () => {
    const { result } = await witnessed(
      { law: { kind: 'constant', delayMs: 300 } },
      { load, generators: 2, maxInFlight: 5, connections: 3, durationMs: 500 },
    );
    expect(conserved(result)).toBe(true);
    expect(result.counts.unsent).toBeGreaterThan(50);
    expect(result.connections.opened).toBe(3);
  });
});

test('shares of limits and cores add up to the whole', () => {
  const parts = sharesOf(
    assignment('http://h', { generators: 3, maxInFlight: 10, connections: 7, cpus: [2, 3, 5, 7] }),
  );
  expect(parts.map(({ generator }) => generator)).toEqual([0, 1, 2].map((index) => ({ index, of: 3 })));
  expect(parts.map(({ maxInFlight }) => maxInFlight)).toEqual([4, 3, 3]);
  expect(parts.map(({ connections }) => connections)).toEqual([3, 2, 2]);
  expect(parts.map(({ cpus }) => cpus)).toEqual([[2, 7], [3], [5]]);
  expect(sharesOf(assignment('http://h', { generators: 2, cpus: [1] })).map(({ cpus }) => cpus)).toEqual([
    [1],
    [1],
  ]);
  expect([0, 1].map((index) => slotsOf(9, index, 2))).toEqual([5, 4]);
});

test('windows of one edge are one window, histograms merged', () => {
  const encoded = (...ms: number[]): string => {
    const histogram = new Histogram();
    for (const one of ms) histogram.recordMs(one);
    const text = histogram.encode();
    histogram.destroy();
    return text;
  };
  const window = (startS: number, arrivals: number, response: string, durationS = 1) =>
    ({
      startS,
      durationS,
      phase: 'measure',
      arrivals,
      ok: arrivals,
      notOk: 1,
      rows: 2 * arrivals,
      response,
    }) as const;
  const merged = mergeWindows([
    [window(1, 2, encoded(4, 5), 0.3), window(0, 1, encoded(1))],
    [window(0, 2, encoded(2, 3)), window(1, 1, encoded(6), 0.5)],
  ]);
  expect(merged.map(({ response: _, ...counts }) => counts)).toEqual([
    { startS: 0, durationS: 1, phase: 'measure', arrivals: 3, ok: 3, notOk: 2, rows: 6 },
    { startS: 1, durationS: 0.5, phase: 'measure', arrivals: 3, ok: 3, notOk: 2, rows: 6 },
  ]);
  expect(merged.map(({ response }) => response)).toEqual([encoded(1, 2, 3), encoded(4, 5, 6)]);
});

test('of two threads: CPU and collections add up, of clocks and loops the worst', () => {
  const blank = { counts: { byOutcome: {} }, warmupCounts: { byOutcome: {} }, windows: [], events: [] };
  const empty = new Histogram();
  const text = empty.encode();
  empty.destroy();
  const one = (cores: number, wallMs: number, elu: number): LoadResult =>
    ({
      ...blank,
      histograms: new Proxy({}, { get: () => text }),
      completedInPhase: {},
      clamped: {},
      clock: { monotonicMs: 100, wallMs },
      connections: { opened: 2, connectMeanMs: 10 * cores },
      generatorCpuCores: cores,
      eventLoopUtilization: elu,
      gc: { count: 1, totalMs: 3, longestMs: 10 * elu },
    }) as unknown as LoadResult;
  expect(mergeResults([one(0.2, 101, 0.3), one(0.4, 93, 0.5)])).toMatchObject({
    clock: { wallMs: 93 },
    connections: { opened: 4, connectMeanMs: 3 },
    generatorCpuCores: 0.6000000000000001,
    eventLoopUtilization: 0.5,
    gc: { count: 2, totalMs: 6, longestMs: 5 },
  });
});

describe('how many generators', () => {
  const load = { resolvedRate: 50_000, maxInFlight: 100, connections: 100 };
  const eight = () => 8;

  it('as many as are asked for, each with a request and a connection', () => {
    expect(generatorCount({ generators: 4 }, load, eight)).toBe(4);
    expect(generatorCount({ generators: 4 }, { ...load, connections: 2 }, eight)).toBe(2);
    expect(generatorCount({}, load, eight)).toBe(1);
  });

  it('auto: what the rate needs and the cores allow', () => {
    expect(generatorCount({ generators: 'auto' }, load, eight)).toBe(3);
    expect(generatorCount({ generators: 'auto' }, load, () => 2)).toBe(2);
    const { resolvedRate: _, ...closed } = load;
    expect(generatorCount({ generators: 'auto' }, closed, eight)).toBe(1);
  });

  it('more than the cores is worth a notice', () => {
    const scenario = (generators: string) =>
      scenarioFromText(
        `target: { url: "http://127.0.0.1:1", model: m }\nload: { poisson: { rate: 5/s }, generators: ${generators} }\n`,
        'x.yaml',
      );
    expect(crowded(scenario('64'))?.generators).toBe(64);
    expect(crowded(scenario('auto'))).toBeUndefined();
    expect(crowded(scenario('1'))).toBeUndefined();
    expect(() => scenario('0')).toThrow('auto, or a whole number from 1 to 64');
  });
});
