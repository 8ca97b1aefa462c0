import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../harness/load/random.ts';
import { roundRate } from '../../../../harness/run/plan/offered-load.ts';
import { bestSaturation, closedCases, inOrder, openCases } from '../../../../harness/run/plan/plan.ts';
import { loadScenario } from '../../../../harness/scenario/load-file.ts';
import type { Scenario } from '../../../../harness/scenario/scenario.ts';
import { plantWinner } from '../../../support/planted-records.ts';

const shipped = (name: string, ...set: string[]): Scenario => loadScenario(name, { set });
const SATURATION = { requestsPerS: 1430, caseId: 'batch=32,delay=0ms,load=saturation' };

describe('the closed pass', () => {
  test('one case a setting that differs in what is served', () => {
    expect(closedCases(shipped('batching')).map(({ id }) => id)).toEqual([
      'batch=1,delay=0ms,load=saturation',
      'batch=8,delay=0ms,load=saturation',
      'batch=32,delay=0ms,load=saturation',
      'batch=32,delay=2ms,load=saturation',
      'batch=32,delay=10ms,load=saturation',
    ]);
  });

  test('settings that differ in their arrivals alone share one, labelled by what they agree on', () => {
    const [shared, ...others] = closedCases(shipped('arrival'));
    expect(others).toEqual([]);
    expect(shared).toMatchObject({
      id: 'load=saturation',
      axes: { load: 'saturation' },
      load: { shape: 'closed', inFlight: 8, connections: 8, maxInFlight: 8 },
    });
  });

  test('fewer connections than slots are kept', () => {
    const [first] = closedCases(shipped('smoke', 'load.connections=2'));
    expect(first?.load).toMatchObject({ inFlight: 8, connections: 2 });
  });
});

describe('the open cases', () => {
  test('every setting gets the same absolute rates, which say what they are shares of', () => {
    const { cases, aboveLimit } = openCases(shipped('batching'), SATURATION);
    expect(aboveLimit).toEqual([]);
    expect(cases).toHaveLength(15);
    const rates = new Map(cases.map(({ axes, load }) => [axes.load, load.resolvedRate]));
    expect([...rates]).toEqual([
      ['10%', 143],
      ['40%', 572],
      ['75%', 1073],
    ]);
    for (const { axes, load } of cases) expect(load.resolvedRate).toBe(rates.get(axes.load));
    expect(cases[1]?.load.fractionOf).toEqual({
      fraction: 0.4,
      ofRate: 1430,
      ofCase: SATURATION.caseId,
    });
  });

  test('rates above limits.maxRate are left out, and handed back to be named', () => {
    const { cases, aboveLimit } = openCases(shipped('smoke', 'limits.maxRate=400/s'), SATURATION);
    expect(cases).toEqual([]);
    expect(aboveLimit.map(({ id, load }) => [id, load.resolvedRate])).toEqual([['load=30%', 429]]);
  });

  test('a ladder without a saturation is a bug of ours', () => {
    expect(() => openCases(shipped('smoke'), undefined)).toThrow('needs a measured saturation');
  });
});

describe('a rate that changes', () => {
  const stages = 'load={stages: [{hold: 10/s, for: 6s}, {jump: 40/s, for: 2s}], arrivals: even}';

  test('is one case over its own length, told in words and numbers, at its mean rate', () => {
    const scenario = shipped('smoke', 'decide.gates=[]', stages);
    expect(closedCases(scenario)).toEqual([]);
    const { cases, aboveLimit } = openCases(scenario, undefined);
    expect(aboveLimit).toEqual([]);
    expect(cases.map(({ id, durationMs }) => [id, durationMs])).toEqual([['load=stages', 8000]]);
    expect(cases[0]?.load).toMatchObject({
      shape: 'stages',
      arrivals: 'even',
      label: 'stages',
      resolvedRate: 17.5,
      law: {
        words: 'hold 10/s for 6 s, jump to 40/s for 2 s',
        spec: { shape: 'stages' },
        meanPerS: 17.5,
        peakPerS: 40,
        lengthS: 8,
      },
    });
  });

  test('without a length of its own it is measured for measure.duration', () => {
    const sine = 'load={sine: {mean: 20/s, amplitude: 10/s, period: 8s}}';
    const [first] = openCases(shipped('smoke', 'decide.gates=[]', sine, 'duration=4s'), undefined).cases;
    expect(first?.durationMs).toBe(4000);
    // Half a period: 20 + 2 x 10 / pi.
    expect(first?.load.resolvedRate).toBeCloseTo(20 + 20 / Math.PI, 3);
  });

  test('is held against limits.maxRate at its peak', () => {
    const { cases, aboveLimit } = openCases(
      shipped('smoke', 'decide.gates=[]', stages, 'limits.maxRate=39/s'),
      undefined,
    );
    expect([cases.length, aboveLimit.length]).toEqual([0, 1]);
  });
});

describe("MLPerf's scenarios", () => {
  const load = (text: string, ...set: string[]) =>
    shipped('smoke', 'decide.gates=[]', `load={mlperf: {${text}}}`, ...set);

  test('streams keep one query in flight, of several rows each for multi-stream', () => {
    const [single, ...others] = closedCases(load('scenario: single-stream'));
    expect(others).toEqual([]);
    expect(single?.load).toMatchObject({
      shape: 'closed',
      label: 'single-stream',
      inFlight: 1,
      mlperf: { scenario: 'single-stream', percentile: 0.9 },
    });
    const [multi] = closedCases(load('scenario: multi-stream, samplesPerQuery: 4'));
    expect(multi?.setting.workload.rows).toBe(4);
    expect(multi?.load.mlperf).toEqual({ scenario: 'multi-stream', percentile: 0.99, samplesPerQuery: 4 });
    expect(() => load('scenario: multi-stream', 'workload.rows=2')).toThrow('multi-stream has 8');
  });

  test('server offers random arrivals at its rate', () => {
    const scenario = load('scenario: server, rate: 70/s', 'decide.slo=[p99 < 1s]');
    expect(closedCases(scenario)).toEqual([]);
    expect(openCases(scenario, undefined).cases[0]?.load).toMatchObject({
      shape: 'poisson',
      label: 'server',
      resolvedRate: 70,
    });
  });

  test('offline has all samples in flight, and time for the last of them', () => {
    const [offline] = openCases(load('scenario: offline, samples: 500', 'duration=30s'), undefined).cases;
    expect(offline?.load).toMatchObject({
      shape: 'closed',
      label: 'offline',
      inFlight: 500,
      maxInFlight: 500,
      connections: 64,
      timeoutMs: 32_000,
    });
  });

  test('none of them is a saturation', () => {
    const { cases } = plantWinner();
    const streams = cases.map((one) => ({
      ...one,
      load: { ...one.load, mlperf: { scenario: 'single-stream' as const } },
    }));
    expect(bestSaturation(streams)).toBeUndefined();
  });
});

test('rates are rounded to what people can read back', () => {
  expect([0.12345, 14.3456, 572.4, 1072.5, 12345.6].map(roundRate)).toEqual([0.123, 14.3, 572, 1073, 12350]);
});

test('the best saturation is that of the closed pass alone', () => {
  const { cases } = plantWinner();
  const closed = cases.filter(({ load }) => load.shape === 'closed');
  const best = Math.max(...closed.map(({ throughput }) => throughput.requestsPerS));
  expect(bestSaturation(cases)?.requestsPerS).toBe(best);
  expect(bestSaturation(cases.filter(({ load }) => load.shape !== 'closed'))).toBeUndefined();
});

describe('order', () => {
  const order = (seed: number, ...set: string[]) => {
    const scenario = shipped('batching', 'trials=3', ...set);
    return inOrder(openCases(scenario, SATURATION).cases, scenario, seededRandom(seed, 1));
  };
  const names = (trials: ReturnType<typeof order>) =>
    trials.map(({ planned, trial }) => `${trial} ${planned.id}`);

  test('interleaved: trials outer, every case once in each, in an order of its own', () => {
    const trials = order(7);
    expect(trials.map(({ trial }) => trial)).toEqual([0, 1, 2].flatMap((trial) => Array(15).fill(trial)));
    const rounds = [0, 1, 2].map((round) =>
      trials.slice(15 * round, 15 * round + 15).map((one) => one.planned.id),
    );
    for (const round of rounds) expect(new Set(round).size).toBe(15);
    expect(rounds[0]).not.toEqual(rounds[1]);
  });

  test('the seed decides', () => {
    expect(names(order(7))).toEqual(names(order(7)));
    expect(names(order(7))).not.toEqual(names(order(8)));
  });

  test('sequential: case after case, as written', () => {
    const [first, second, third, fourth] = names(order(7, 'measure.order=sequential'));
    expect([first, second, third]).toEqual([0, 1, 2].map((trial) => `${trial} batch=1,delay=0ms,load=10%`));
    expect(fourth).toBe('0 batch=1,delay=0ms,load=40%');
  });
});
