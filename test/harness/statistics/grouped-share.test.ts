import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import { groupedShare } from '../../../harness/statistics/grouped-share.ts';

const GROUPS = 32;
const P = 0.3;

/** How often, in 2,000 repetitions, the interval holds the share that they were drawn from. */
function coverage(draw: (random: () => number, size: number) => number): number {
  const random = seededRandom(11);
  let held = 0;
  for (let run = 0; run < 2000; run++) {
    const sizes = Array.from({ length: GROUPS }, () => 20 + Math.floor(random() * 60));
    const { low, high } = groupedShare(
      sizes.map((size) => draw(random, size)),
      sizes,
    );
    if (low <= P && P <= high) held += 1;
  }
  return held / 2000;
}

describe('groupedShare', () => {
  it('holds the share in 95 of 100 samples, whether or not cases of a group hang together', () => {
    const apart = coverage((random, size) => {
      let count = 0;
      for (let at = 0; at < size; at++) if (random() < P) count += 1;
      return count;
    });
    const together = coverage((random, size) => (random() < P ? size : 0));
    for (const found of [apart, together]) {
      expect(found).toBeGreaterThan(0.93);
      expect(found).toBeLessThan(0.97);
    }
  });

  it('by hand: two groups of 10, of which 2 and 4', () => {
    // Deviations from 0.3: -1 and 1; variance of the sum 2 x 2 / 1 = 4; t of one degree 12.7062.
    const { value, low, high } = groupedShare([2, 4], [10, 10]);
    expect([value, low]).toEqual([0.3, 0]);
    expect(high).toBe(1);
    const wide = groupedShare([200, 201], [1000, 1000]);
    expect(wide.high - wide.value).toBeCloseTo((12.7062 * Math.sqrt(2 * 0.5)) / 2000, 9);
  });

  it('with fewer than two groups nothing is bounded', () => {
    expect(groupedShare([3, 0], [10, 0])).toEqual({ value: 0.3, low: 0, high: 1 });
    expect(groupedShare([], [])).toEqual({ value: 0, low: 0, high: 1 });
  });
});
