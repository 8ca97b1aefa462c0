import { describe, expect, it } from 'vitest';
import { exponential, type Random, seededRandom } from '../../../harness/load/random.ts';
import { percentileInterval } from '../../../harness/statistics/intervals.ts';
import { windowLengthMs } from '../../../harness/statistics/window-length.ts';
import {
  ExactValues,
  intervalsOf,
  type QueueRun,
  responseMs,
  simulateQueue,
  valueWindows,
} from '../../support/queue-simulation.ts';

const oneToN = (n: number) => new ExactValues(Array.from({ length: n }, (_, index) => index + 1));

/** Shares of runs whose interval missed the truth, and of runs that gave none. */
function missesOf(runs: number, truth: number, once: () => ReturnType<typeof percentileInterval>) {
  let wrong = 0;
  let none = 0;
  for (let run = 0; run < runs; run++) {
    const interval = once();
    if ('missing' in interval) none++;
    else if (truth < interval.low || truth > (interval.high ?? Infinity)) wrong++;
  }
  return { wrong: wrong / runs, none: none / runs, coverage: 1 - wrong / (runs - none) };
}

describe('the interval of a percentile', () => {
  it('takes binomial ranks of independent requests', () => {
    // 95 % of Binomial(1000, 0.5) lies in 469..531, so the median lies between order statistics 469 and 532.
    expect(percentileInterval(oneToN(1000), 0, 0.5)).toEqual({ value: 500, low: 469, high: 532, n: 1000 });
  });

  it('covers the true percentile of independent requests 95 times in 100', () => {
    const draw = seededRandom(3);
    const once = (p: number) => () =>
      percentileInterval(new ExactValues(Array.from({ length: 1500 }, () => exponential(draw))), 0, p);
    for (const p of [0.5, 0.95, 0.99]) {
      const { coverage } = missesOf(400, Math.log(1 / (1 - p)), once(p));
      expect(coverage).toBeGreaterThan(0.93);
      expect(coverage).toBeLessThan(0.985);
    }
  });

  it('widens with the cautious design effect and wants samples by the proven one', () => {
    const values = oneToN(1000);
    const wide = percentileInterval(values, 0, 0.5, { forSamples: 1, forEnd: 1, forWidth: 10 });
    expect(wide).toEqual({ value: 500, low: 400, high: 610, n: 1000 });
    expect(percentileInterval(values, 0, 0.99, { forSamples: 2, forEnd: 2, forWidth: 2 })).toMatchObject({
      n: 1000,
    });
    expect(percentileInterval(values, 0, 0.99, { forSamples: 3, forEnd: 3, forWidth: 3 })).toEqual({
      missing:
        'needs 459 independent requests, 1000 requests are worth 333, because neighbours are late together',
    });
  });

  it('has no upper end where the true percentile may lie beyond all that was seen', () => {
    const dependent = { forSamples: 1, forEnd: 4, forWidth: 4 };
    expect(percentileInterval(oneToN(1200), 0, 0.99, dependent)).toMatchObject({ value: 1188, high: 1200 });
    expect(percentileInterval(oneToN(1100), 0, 0.99, dependent)).toMatchObject({ value: 1089, high: null });
  });

  it('names the samples that are missing', () => {
    expect(percentileInterval(oneToN(143), 0, 0.99)).toEqual({
      missing: 'needs 459 independent requests, has 143',
    });
    expect(percentileInterval(oneToN(0), 0, 0.5)).toHaveProperty('missing');
  });
});

describe('censored requests', () => {
  it('push every percentile up, as if they were later than anything seen', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1);
    const seen = new ExactValues(values.slice(0, 980));
    const [all, censored] = [
      percentileInterval(new ExactValues(values), 0, 0.95),
      percentileInterval(seen, 20, 0.95),
    ];
    expect(censored).toEqual(all);
  });

  it('leave a percentile among them without a value but with a bound', () => {
    expect(percentileInterval(oneToN(980), 20, 0.99)).toEqual({
      missing: 'its rank falls among the 20 requests that timed out, were not sent, or were still open',
      above: 980,
    });
  });

  it('leave an interval that reaches into them without an upper end', () => {
    expect(percentileInterval(oneToN(992), 8, 0.99)).toMatchObject({ value: 990, high: null, n: 1000 });
  });

  it('may be all there is', () => {
    expect(percentileInterval(oneToN(0), 600, 0.99)).toEqual({
      missing: expect.stringContaining('600 requests'),
    });
  });
});

describe('requests that queue behind each other (M/M/1, response exponential with mean s / (1 - rho))', () => {
  const measured = (run: QueueRun, draw: Random) => {
    const requests = simulateQueue(draw, run).filter(({ intendedAtMs }) => intendedAtMs >= 0);
    const values = new ExactValues(requests.map(responseMs));
    const windowMs = windowLengthMs(run.durationMs, (run.utilization / run.serviceMeanMs) * 1000);
    return { values, at: intervalsOf(valueWindows(requests, run.durationMs, windowMs), values) };
  };

  // Truth: ln(1 / (1 - p)) x mean. Where a run is not worth the samples that a percentile needs, it says so.
  it.each([
    [0.5, 20_000, 'shown', 0.95],
    [0.5, 120_000, 'shown', 0.99],
    [0.8, 20_000, 'hidden', 0.99],
    [0.8, 60_000, 'shown', 0.95],
    [0.8, 150_000, 'shown', 0.95],
    [0.9, 20_000, 'hidden', 0.99],
    [0.9, 60_000, 'shown', 0.9],
    [0.9, 150_000, 'shown', 0.9],
  ])(
    'utilisation %d over %d ms: intervals of all percentiles hold the truth 9 times in 10; %s: %d',
    (rho, ms, shown, level) => {
      const run = { utilization: rho, serviceMeanMs: 5, durationMs: ms };
      const draw = seededRandom(17);
      const runs = Array.from({ length: 80 }, () => measured(run, draw).at);
      for (const p of [0.5, 0.9, 0.95, 0.99]) {
        const truth = (Math.log(1 / (1 - p)) * run.serviceMeanMs) / (1 - rho);
        let next = 0;
        const { wrong, none } = missesOf(runs.length, truth, () => runs[next++]?.(p) ?? { missing: '' });
        expect([p, wrong <= 0.1]).toEqual([p, true]);
        if (p === level) expect([p, shown === 'shown' ? none < 0.4 : none > 0.9]).toEqual([p, true]);
      }
    },
  );

  it('would be wrong most of the time if requests were taken as independent', () => {
    const run = { utilization: 0.8, serviceMeanMs: 5, durationMs: 60_000 };
    const draw = seededRandom(18);
    const truth = (Math.log(100) * run.serviceMeanMs) / 0.2;
    const { coverage } = missesOf(100, truth, () => percentileInterval(measured(run, draw).values, 0, 0.99));
    expect(coverage).toBeLessThan(0.5);
  });
});
