import { describe, expect, it } from 'vitest';
import { estimateRank, provesBound } from '../../../harness/statistics/early-stopping.ts';

const independent = (queries: number, percentile: number) => ({ queries, percentile, designEffect: 1 });

describe('the estimate of a percentile', () => {
  it.each([
    [0.9, 64],
    [0.95, 130],
    [0.99, 662],
    [0.999, 6636],
  ])('of %s needs %i queries', (percentile, needed) => {
    expect(estimateRank(independent(needed - 1, percentile))).toEqual({ needed, rank: undefined });
    // With just enough it is the largest latency of all.
    expect(estimateRank(independent(needed, percentile))).toEqual({ needed, rank: needed });
  });

  it.each([
    [0.9, 81, 80],
    [0.9, 127, 123],
    [0.9, 197, 188],
    [0.99, 838, 837],
    [0.99, 2010, 2001],
    [0.99, 6898, 6849],
  ])('of %s among %i is the one of rank %i', (percentile, queries, rank) => {
    expect(estimateRank(independent(queries, percentile)).rank).toBe(rank);
    expect(estimateRank(independent(queries - 1, percentile)).rank).toBe(rank);
  });

  it('is drawn from fewer where several queries count as one', () => {
    const facts = { queries: 640, percentile: 0.9, designEffect: 10 };
    expect(estimateRank(facts)).toEqual({ needed: 640, rank: 631 });
    expect(estimateRank({ ...facts, queries: 639 }).rank).toBeUndefined();
  });
});

describe('a bound is proven', () => {
  it.each([
    [0.99, 0, 459],
    [0.99, 1, 662],
    [0.99, 50, 6898],
    [0.9, 10, 197],
  ])('for %s with %i late from %i queries on', (percentile, late, needed) => {
    expect(provesBound(independent(needed, percentile), late)).toEqual({ proven: true, needed });
    expect(provesBound(independent(needed - 1, percentile), late)).toEqual({ proven: false, needed });
  });

  it('has no end: 3,000 late are as well as one', () => {
    const { needed } = provesBound(independent(1, 0.99), 3000);
    expect(needed).toBeGreaterThan(300_000);
    expect(needed).toBeLessThan(320_000);
  });
});
