import { describe, expect, it } from 'vitest';
import { binomialCdf, binomialQuantile } from '../../../harness/statistics/binomial.ts';
import { samplesNeeded } from '../../../harness/statistics/samples-needed.ts';
import { studentT } from '../../../harness/statistics/student-t.ts';

describe('samples that a percentile needs', () => {
  it.each([
    [0.9, [44, 64, 81, 127, 197, 681]],
    [0.95, [90, 130, 165, 259, 398, 1372]],
    [0.99, [459, 662, 838, 1307, 2010, 6898]],
    [0.999, [4603, 6636, 8403, 13105, 20140, 69058]],
  ])('p = %d with 0, 1, 2, 5, 10 and 50 late: %j', (p, table) => {
    expect([0, 1, 2, 5, 10, 50].map((late) => samplesNeeded(p, late))).toEqual(table);
  });

  it('has no bound on how many may be late', () => {
    const needed = samplesNeeded(0.99, 5000);
    expect(binomialCdf(5000, needed, 0.01)).toBeLessThanOrEqual(0.01);
    expect(binomialCdf(5000, needed - 1, 0.01)).toBeGreaterThan(0.01);
  });
});

describe('the distributions underneath', () => {
  it('sums the binomial as by hand', () => {
    expect(binomialCdf(0, 3, 0.5)).toBeCloseTo(1 / 8, 12);
    expect(binomialCdf(1, 3, 0.5)).toBeCloseTo(4 / 8, 12);
    expect(binomialCdf(2, 10, 0.1)).toBeCloseTo(0.9298091736, 10);
    expect(binomialCdf(-1, 10, 0.1)).toBe(0);
    expect(binomialCdf(10, 10, 0.1)).toBe(1);
  });

  it.each([
    [100, 0.5],
    [1000, 0.99],
    [1_000_000, 0.999],
  ])('finds the quantiles of %d trials at %d where the cdf crosses', (n, p) => {
    for (const probability of [0.025, 0.5, 0.975]) {
      const k = binomialQuantile(probability, n, p);
      expect(binomialCdf(k, n, p)).toBeGreaterThanOrEqual(probability);
      expect(binomialCdf(k - 1, n, p)).toBeLessThan(probability);
    }
  });

  it.each([
    [0.95, 6, 1.9432],
    [0.975, 7, 2.3646],
    [0.975, 29, 2.0452],
    [0.99, 6, 3.1427],
    [0.99, 28, 2.4671],
    [0.975, 1, 12.7062],
    [0.975, Infinity, 1.96],
  ] as const)('has Student`s quantile %d at %d degrees of freedom as in tables: %d', (p, degrees, value) => {
    expect(Math.abs(studentT(p, degrees) - value)).toBeLessThan(0.004 * value);
  });
});
