import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { risingShares } from '../../../harness/statistics/isotonic.ts';

describe('rising shares', () => {
  it('leaves what rises alone', () => {
    expect(risingShares([0, 1, 1, 7].map((events) => ({ events, of: 10 })))).toEqual([0, 0.1, 0.1, 0.7]);
  });

  it('joins neighbours that fall, weighted by their trials', () => {
    const fitted = risingShares([
      { events: 4, of: 10 },
      { events: 1, of: 30 },
      { events: 9, of: 10 },
    ]);
    expect(fitted).toEqual([0.125, 0.125, 0.9]);
  });

  it('joins back as far as it must', () => {
    expect(risingShares([2, 3, 4, 0].map((events) => ({ events, of: 10 })))).toEqual([
      0.2,
      ...Array(3).fill(7 / 30),
    ]);
  });

  it('never falls, keeps the events, and is no farther from the data than any other rising line', () => {
    const level = fc.record({ events: fc.nat(20), more: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(
        fc.array(level, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drawn, other) => {
          const levels = drawn.map(({ events, more }) => ({ events, of: events + more }));
          const fitted = risingShares(levels);
          for (const [at, share] of fitted.entries())
            expect(share).toBeGreaterThanOrEqual((fitted[at - 1] ?? 0) - 1e-12);
          const kept = levels.reduce((sum, { of }, at) => sum + of * (fitted[at] ?? 0), 0);
          expect(kept).toBeCloseTo(
            levels.reduce((sum, { events }) => sum + events, 0),
            6,
          );
          const error = (line: readonly number[]) =>
            levels.reduce((sum, { events, of }, at) => sum + of * (events / of - (line[at] ?? 0)) ** 2, 0);
          expect(error(fitted)).toBeLessThanOrEqual(error(levels.map(() => other)) + 1e-9);
        },
      ),
    );
  });
});
