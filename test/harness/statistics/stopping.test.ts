import { describe, expect, it } from 'vitest';
import { exponential, type Random, seededRandom } from '../../../harness/load/random.ts';
import { percentileInterval } from '../../../harness/statistics/intervals.ts';
import {
  dependenceAt,
  looksMs,
  precisionNow,
  precisionOf,
  type StopRule,
  tailAmong,
} from '../../../harness/statistics/stopping.ts';
import {
  ExactValues,
  responseMs,
  type SimulatedRequest,
  simulateQueue,
} from '../../support/queue-simulation.ts';

const SPAN = { afterMs: 4000, atMostMs: 40_000 };
const SERVICE_MS = 5;
const OF = 'p90';
const P = 0.9;
const SEEDS = 200;

type Draw = (random: Random) => SimulatedRequest[];
type Ending = { readonly atMs: number; readonly interval: ReturnType<typeof percentileInterval> };
type Run = (requests: readonly SimulatedRequest[], rule: StopRule) => Ending;

/** What had finished by some moment, as a run would look at it. */
function seenAt(requests: readonly SimulatedRequest[], atMs: number, windowMs: number) {
  const groups = Array.from({ length: Math.floor(atMs / windowMs) }, (): number[] => []);
  const all: number[] = [];
  for (const request of requests) {
    if (request.intendedAtMs >= atMs) break;
    if (request.intendedAtMs < 0 || request.doneAtMs >= atMs) continue;
    groups[Math.floor(request.doneAtMs / windowMs)]?.push(responseMs(request));
    all.push(responseMs(request));
  }
  return { windows: groups.map((one) => new ExactValues(one)), all: new ExactValues(all), censored: 0 };
}

const planned: Run = (requests, rule) => {
  const looks = looksMs(rule);
  const tail = tailAmong(looks.length);
  for (const atMs of looks) {
    const seen = seenAt(requests, atMs, rule.afterMs / 10);
    const precision = precisionNow(seen, rule, tail) ?? Infinity;
    if (atMs < rule.atMostMs && precision > rule.precision) continue;
    return { atMs, interval: percentileInterval(seen.all, 0, P, dependenceAt(OF, seen), tail) };
  }
  throw new Error('the last look ends it');
};

/** After every 100 requests, by their design effect in hundreds, each time at 95 %. */
const peeking: Run = (requests, rule) => {
  const values: number[] = [];
  const windows: ExactValues[] = [];
  for (const request of requests) {
    if (request.intendedAtMs < 0) continue;
    values.push(responseMs(request));
    if (values.length % 100 !== 0) continue;
    windows.push(new ExactValues(values.slice(-100)));
    const all = new ExactValues(values);
    const interval = percentileInterval(all, 0, P, dependenceAt(OF, { windows, all }));
    if ((precisionOf(interval) ?? Infinity) <= rule.precision) return { atMs: request.doneAtMs, interval };
  }
  return { atMs: rule.atMostMs, interval: percentileInterval(new ExactValues(values), 0, P) };
};

/** Answers that do not hang together at all. */
const independent: Draw = (random) =>
  Array.from({ length: SPAN.atMostMs / 10 }, (_, index) => {
    const intendedAtMs = index * 10;
    return { intendedAtMs, doneAtMs: intendedAtMs + exponential(random) * SERVICE_MS, ok: true };
  });

const queue =
  (utilization: number): Draw =>
  (random) =>
    simulateQueue(random, { utilization, serviceMeanMs: SERVICE_MS, durationMs: SPAN.atMostMs });

/** The share of runs whose interval holds the truth, of those that tell one, and the share that stopped before the end. */
function outcomes(run: Run, draw: Draw, precision: number, truthMs: number) {
  const endings = Array.from({ length: SEEDS }, (_, seed) =>
    run(draw(seededRandom(seed + 1)), { ...SPAN, of: OF, precision }),
  );
  const told = endings.flatMap(({ interval }) => ('missing' in interval ? [] : [interval]));
  const holds = told.filter(({ low, high }) => low <= truthMs && truthMs <= (high ?? Infinity));
  const early = endings.filter(({ atMs }) => atMs < SPAN.atMostMs);
  return { holds: holds.length / told.length, told: told.length / SEEDS, early: early.length / SEEDS };
}

/** Response times of M/M/1 are exponential. */
const truthMs = (utilization: number) => (SERVICE_MS * Math.log(10)) / (1 - utilization);

describe('a rule that stops at a precise percentile', () => {
  it('plans few looks, the last at the longest time', () => {
    const looks = looksMs({ of: 'p99', precision: 0.05, afterMs: 4000, atMostMs: 10_000 });
    expect(looks).toEqual([4000, 5000, 6250, 7812.5, 9765.625, 10_000]);
    expect(tailAmong(1)).toBe(0.025);
    expect(tailAmong(5)).toBeCloseTo(0.005, 12);
  });

  it('knows no precision with few windows, nor of an interval with an open end', () => {
    const seen = seenAt(queue(0.5)(seededRandom(1)), 4000, 400);
    expect(precisionNow(seen, { of: 'p50' }, 0.025)).toBeGreaterThan(0.02);
    const few = { ...seen, windows: seen.windows.slice(0, 7) };
    expect(precisionNow(few, { of: 'p50' }, 0.025)).toBeUndefined();
    expect(precisionNow(seen, { of: 'p999' }, 0.025)).toBeUndefined();
    expect(precisionOf({ value: 10, low: 9, high: null, n: 100 })).toBeUndefined();
    expect(precisionOf({ value: 10, low: 9, high: 12, n: 100 })).toBeCloseTo(0.15, 12);
  });

  it.each([
    ['independent answers', independent, 0.15, truthMs(0)],
    ['a queue at utilisation 0.5', queue(0.5), 0.3, truthMs(0.5)],
    ['a queue at utilisation 0.8', queue(0.8), 0.6, truthMs(0.8)],
  ] as const)('covers the true percentile of %s where it stops', (_, draw, precision, truth) => {
    const { holds, told, early } = outcomes(planned, draw, precision, truth);
    expect(holds).toBeGreaterThanOrEqual(0.9);
    expect(told).toBeGreaterThan(0.9);
    // It is about runs that stop.
    expect(early).toBeGreaterThan(0.6);
  });

  it('would not, were it to look after every 100 requests as if each were the only look', () => {
    expect(outcomes(peeking, queue(0.5), 0.3, truthMs(0.5)).holds).toBeLessThan(0.7);
    expect(outcomes(peeking, queue(0.8), 0.6, truthMs(0.8)).holds).toBeLessThan(0.3);
  });
});
