import { describe, expect, it } from 'vitest';
import { payloadOf, slotsAtWork, slotsOf } from '../../../harness/load/closed.ts';
import { exponential, seededRandom, standardNormal } from '../../../harness/load/random.ts';
import { lawSchedule, openSchedule, type Schedule, sliceOf } from '../../../harness/load/schedule.ts';
import type { RateLawSpec } from '../../../harness/scenario/rate-law.ts';

function take(schedule: Schedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule.next());
}

/** Kolmogorov-Smirnov distance of a sorted sample from a distribution. */
function distance(sorted: readonly number[], cumulative: (x: number) => number): number {
  return sorted.reduce((most, x, at) => {
    const f = cumulative(x);
    return Math.max(most, Math.abs(f - at / sorted.length), Math.abs(f - (at + 1) / sorted.length));
  }, 0);
}

/** Rejects a true distribution once in a thousand samples. */
const critical = (n: number) => 1.95 / Math.sqrt(n);

describe('openSchedule, even', () => {
  it('puts arrival i at i / rate', () => {
    const offsets = take(openSchedule({ arrivals: 'even', requestsPerS: 4, seed: 1 }), 5);
    expect(offsets).toEqual([0, 250, 500, 750, 1000]);
  });

  it('does not drift: the millionth arrival is as exact as the first', () => {
    const schedule = openSchedule({ arrivals: 'even', requestsPerS: 3, seed: 1 });
    take(schedule, 1_000_000);
    expect(schedule.next()).toBe(1_000_000_000 / 3);
  });
});

describe('openSchedule, poisson', () => {
  const load = { arrivals: 'poisson', requestsPerS: 50, seed: 7 } as const;

  it('draws exponential gaps of the right mean', () => {
    const offsets = take(openSchedule(load), 20_000);
    const gaps = offsets.map((offset, at) => offset - (offsets[at - 1] ?? 0)).sort((a, b) => a - b);
    expect(distance(gaps, (x) => 1 - Math.exp(-x / 20))).toBeLessThan(critical(gaps.length));
  });

  it('puts the right number of arrivals into each second: mean and variance are the rate', () => {
    const counts = new Array<number>(2000).fill(0);
    for (const offset of take(openSchedule(load), 2000 * 50 + 2000)) {
      const second = Math.floor(offset / 1000);
      if (second < counts.length) counts[second] = (counts[second] ?? 0) + 1;
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    expect(mean).toBeCloseTo(50, 0);
    expect(variance / mean).toBeGreaterThan(0.9);
    expect(variance / mean).toBeLessThan(1.1);
  });

  it('is the same for the same seed and another for another', () => {
    expect(take(openSchedule(load), 100)).toEqual(take(openSchedule(load), 100));
    expect(take(openSchedule({ ...load, seed: 8 }), 3)).not.toEqual(take(openSchedule(load), 3));
  });

  it('never goes back', () => {
    const offsets = take(openSchedule({ ...load, requestsPerS: 100_000 }), 100_000);
    expect(offsets.every((offset, at) => at === 0 || offset >= (offsets[at - 1] ?? 0))).toBe(true);
  });
});

describe('openSchedule, gamma', () => {
  /** Regularised lower incomplete gamma function for whole and half forms, by its series. */
  function lowerGamma(form: number, x: number): number {
    let term = 1 / form;
    let sum = term;
    for (let k = 1; k < 400; k++) {
      term *= x / (form + k);
      sum += term;
    }
    return sum * Math.exp(-x + form * Math.log(x) - logGamma(form));
  }
  function logGamma(form: number): number {
    if (form === 0.25) return 1.2880225246980774;
    return form === 4 ? Math.log(6) : 0;
  }

  it.each([
    [2, 0.25],
    [1, 1],
    [0.5, 4],
  ])('draws gaps of variation %s from their distribution', (cv, form) => {
    const offsets = take(openSchedule({ arrivals: { gamma: cv }, requestsPerS: 50, seed: 7 }), 20_000);
    const gaps = offsets.map((offset, at) => offset - (offsets[at - 1] ?? 0)).sort((a, b) => a - b);
    expect(distance(gaps, (x) => lowerGamma(form, (form * x) / 20))).toBeLessThan(critical(gaps.length));
    expect(offsets.at(-1)).toBeGreaterThan(380_000);
    expect(offsets.at(-1)).toBeLessThan(420_000);
  });
});

const BUSY_DAY: RateLawSpec = { shape: 'sine', meanPerS: 50, amplitudePerS: 40, periodMs: 100_000 };
const STEPS: RateLawSpec = {
  shape: 'stages',
  stages: [
    { kind: 'hold', toPerS: 2, forMs: 1000 },
    { kind: 'hold', toPerS: 0, forMs: 1000 },
    { kind: 'jump', toPerS: 4, forMs: 1000 },
  ],
};

describe('lawSchedule', () => {
  it('even arrivals lie where the law expects them, and end with it', () => {
    const steps = lawSchedule({ arrivals: 'even', law: STEPS, seed: 1, leadMs: 0 });
    expect(take(steps, 8)).toEqual([0, 500, 2000, 2250, 2500, 2750, Infinity, Infinity]);
    const ramp = { shape: 'ramp', fromPerS: 0, toPerS: 20, overMs: 10_000 } as const;
    const ramped = take(lawSchedule({ arrivals: 'even', law: ramp, seed: 1, leadMs: 0 }), 101);
    // t^2 = i
    for (const i of [0, 1, 4, 49, 81]) expect(ramped[i]).toBeCloseTo(1000 * Math.sqrt(i), 9);
    expect(ramped[100]).toBe(Infinity);
  });

  it('the warm-up drives its first rate', () => {
    const steps = lawSchedule({ arrivals: 'even', law: STEPS, seed: 1, leadMs: 1000 });
    expect(take(steps, 5)).toEqual([0, 500, 1000, 1500, 3000]);
  });

  it('random arrivals over a changing rate are a Poisson process in the time of the law', () => {
    // Given their number, the arrivals of whole periods are spread as the integral of the rate.
    const offsets = take(lawSchedule({ arrivals: 'poisson', law: BUSY_DAY, seed: 3, leadMs: 0 }), 60_000);
    const whole = offsets.filter((at) => at < 1_000_000);
    const turn = (2 * Math.PI) / 100;
    const spread = (ms: number) =>
      (50 * (ms / 1000) + (40 / turn) * (1 - Math.cos((turn * ms) / 1000))) / 50_000;
    expect(Math.abs(whole.length - 50_000)).toBeLessThan(4 * Math.sqrt(50_000));
    expect(distance(whole, spread)).toBeLessThan(critical(whole.length));
  });

  it('does not drift: after a million arrivals the integral at the offset is their number', () => {
    const schedule = lawSchedule({ arrivals: 'even', law: BUSY_DAY, seed: 1, leadMs: 0 });
    for (let index = 0; index < 1_000_000; index++) schedule.next();
    // 1,000,000 arrivals at 50/s are 200 whole periods.
    expect(Math.abs(schedule.next() - 20_000_000)).toBeLessThan(1e-3);
  });

  it('random arrivals do not drift either: a million gaps add up to the exact sum', () => {
    const schedule = openSchedule({ arrivals: 'poisson', requestsPerS: 1000, seed: 9 });
    const random = seededRandom(9, 1);
    let [sum, lost] = [0, 0];
    let last = 0;
    for (let index = 0; index < 1_000_000; index++) {
      // Neumaier's summation: exact to the last place.
      const gap = exponential(random);
      const next = sum + gap;
      lost += sum - next + gap;
      sum = next;
      last = schedule.next();
    }
    expect(Math.abs(last - (sum + lost))).toBeLessThan(1e-9);
  });

  it('never goes back', () => {
    const law = { ...BUSY_DAY, meanPerS: 50_000, amplitudePerS: 50_000 } as RateLawSpec;
    const offsets = take(lawSchedule({ arrivals: { gamma: 4 }, law, seed: 1, leadMs: 10 }), 50_000);
    expect(offsets.every((offset, at) => at === 0 || offset >= (offsets[at - 1] ?? 0))).toBe(true);
  });

  it.each([2, 3, 7])('a rate below one per generator: %i slices of five arrivals are the whole', (of) => {
    const load = { arrivals: 'even', law: STEPS, seed: 1, leadMs: 0 } as const;
    const slices = Array.from({ length: of }, (_, index) => take(sliceOf(lawSchedule(load), index, of), 6));
    const arrivals = slices.flat().filter(Number.isFinite);
    expect(arrivals.sort((a, b) => a - b)).toEqual([0, 500, 2000, 2250, 2500, 2750]);
  });
});

describe('sliceOf', () => {
  it.each([1, 2, 3, 7])('into %i slices gives the whole back, each arrival once', (of) => {
    const load = { arrivals: 'poisson', requestsPerS: 10, seed: 3 } as const;
    const whole = take(openSchedule(load), 7 * of);
    const slices = Array.from({ length: of }, (_, index) => take(sliceOf(openSchedule(load), index, of), 7));
    expect(slices.flat().sort((a, b) => a - b)).toEqual(whole);
    expect(slices[of - 1]?.[0]).toBe(whole[of - 1]);
  });
});

describe('closed loops', () => {
  it('split their slots over generators', () => {
    expect([0, 1, 2].map((index) => slotsOf(8, index, 3))).toEqual([3, 3, 2]);
    expect(slotsOf(2, 2, 3)).toBe(0);
  });

  it('give every (slot, k) a payload of its own', () => {
    const payloads = [0, 1, 2].flatMap((slot) => [0, 1, 2, 3].map((k) => payloadOf(slot, k, 3)));
    expect(new Set(payloads).size).toBe(12);
  });

  it('climb in powers of two over the first half of the warm-up', () => {
    const climb = [0, 100, 200, 300, 400, 499, 500, 999].map((at) => slotsAtWork(at, 1000, 12));
    expect(climb).toEqual([1, 2, 4, 8, 12, 12, 12, 12]);
    expect(slotsAtWork(0, 0, 12)).toBe(12);
    expect(slotsAtWork(0, 1000, 1)).toBe(1);
  });
});

describe('seededRandom', () => {
  it('is uniform', () => {
    const random = seededRandom(42);
    const draws = Array.from({ length: 20_000 }, random).sort((a, b) => a - b);
    expect(distance(draws, (x) => x)).toBeLessThan(critical(draws.length));
  });

  it('is not correlated between neighbouring seeds or streams', () => {
    for (const other of [seededRandom(2), seededRandom(1, 1), seededRandom(1, 2)]) {
      const base = seededRandom(1);
      let sum = 0;
      for (let draw = 0; draw < 10_000; draw++) sum += (base() - 0.5) * (other() - 0.5);
      expect(Math.abs(sum / 10_000) * 12).toBeLessThan(0.04);
    }
  });

  it('gives exponential and normal draws their moments', () => {
    const random = seededRandom(5);
    const n = 50_000;
    let exponentials = 0;
    let squares = 0;
    for (let draw = 0; draw < n; draw++) {
      exponentials += exponential(random);
      squares += standardNormal(random) ** 2;
    }
    expect(exponentials / n).toBeCloseTo(1, 1);
    expect(squares / n).toBeCloseTo(1, 1);
  });

  it('gives the same numbers on every machine', () => {
    expect(Array.from({ length: 3 }, seededRandom(1, 1))).toMatchInlineSnapshot(`
      [
        0.32457910089183994,
        0.6730755413635934,
        0.05633665362231244,
      ]
    `);
  });
});
