import { describe, expect, it } from 'vitest';
import { exponential, seededRandom } from '../../harness/load/random.ts';
import { departuresMs, exactPercentile } from './lindley.ts';
import type { QueueLaw } from './truth-config.ts';
import { DepartureLaw } from './truth-law.ts';

const ARRIVALS_MS = Array.from({ length: 1000 }, (_, k) => k * 10);

describe('the laws of the truth server', () => {
  it('answers after a constant delay', () => {
    const law = new DepartureLaw({ kind: 'constant', delayMs: 5 });
    expect([0, 3, 100].map((atMs) => law.departure(atMs))).toEqual([5, 8, 105]);
  });

  it('is slow as often as it is told to be, each answer by itself', () => {
    const law = new DepartureLaw({ kind: 'bimodal', fastMs: 1, slowMs: 50, slowShare: 0.1, seed: 3 });
    const delays = ARRIVALS_MS.map((atMs) => law.departure(atMs) - atMs);
    expect(new Set(delays)).toEqual(new Set([1, 50]));
    const slow = delays.filter((delayMs) => delayMs === 50).length;
    // Three standard deviations of a binomial count.
    expect(Math.abs(slow - 100)).toBeLessThan(3 * Math.sqrt(1000 * 0.1 * 0.9));
  });

  it('stands still from the first arrival on, and lets all go at the end', () => {
    const law = new DepartureLaw({ kind: 'stall', delayMs: 1, stallFromMs: 100, stallForMs: 50 });
    expect([1000, 1098, 1099, 1120, 1149, 1150].map((atMs) => law.departure(atMs))).toEqual([
      1001, 1099, 1150, 1150, 1150, 1151,
    ]);
  });

  it('serves one after another, as the recursion over the same arrivals says', () => {
    const queue: QueueLaw = { kind: 'queue', service: 'exponential', meanMs: 9, seed: 4 };
    const law = new DepartureLaw(queue);
    expect(ARRIVALS_MS.map((atMs) => law.departure(atMs))).toEqual(departuresMs(ARRIVALS_MS, queue));
    expect(departuresMs([0, 1, 20], { ...queue, service: 'deterministic' })).toEqual([9, 18, 29]);
  });

  /** M/M/1: response times are exponential with mean S / (1 - utilisation). */
  it('makes the queue that theory knows', () => {
    const random = seededRandom(1);
    let atMs = 0;
    const arrivals = Array.from({ length: 400_000 }, () => (atMs += exponential(random) * 10));
    const law: QueueLaw = { kind: 'queue', service: 'exponential', meanMs: 5, seed: 2 };
    const times = departuresMs(arrivals, law).map((leftAtMs, k) => leftAtMs - (arrivals[k] ?? 0));
    for (const p of [50, 90, 99]) {
      const theoryMs = -10 * Math.log(1 - p / 100);
      expect(exactPercentile(times, p) / theoryMs).toBeCloseTo(1, 1);
    }
  });
});
