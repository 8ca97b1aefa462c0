import { describe, expect, it } from 'vitest';
import { payloadOf, slotsAtWork, slotsOf } from '../../../harness/load/closed.ts';
import { exponential, seededRandom, standardNormal } from '../../../harness/load/random.ts';
import { openSchedule, type Schedule, sliceOf } from '../../../harness/load/schedule.ts';

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
