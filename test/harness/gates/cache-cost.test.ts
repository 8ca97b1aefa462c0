import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakEven, type CacheBeside, cachesBeside } from '../../../harness/gates/cache-cost.ts';
import { breakEvenSentences } from '../../../harness/gates/cache-sentences.ts';
import { settingWords } from '../../../harness/gates/wording.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import { plantCase } from '../../support/planted-case.ts';

/** A closed pass that carries so much, ± 2 %, with a cache that hits that often; undefined: without one. */
function closed(cache: string, popularity: string, perS: number, hitRate?: number): CaseRecord {
  const axes = { popularity, load: 'saturation' };
  const planted = plantCase({
    axes,
    cell: 'closed',
    saturation: perS,
    bestRate: perS,
    meanBatch: 1,
    rowsPerRequest: 1,
  });
  const kind = hitRate === undefined ? 'off' : cache;
  const settings = { model: 'recommender', 'cache.kind': kind };
  return {
    ...planted,
    id: `cache=${cache},${planted.id}`,
    axes: { cache, ...axes },
    target: { ...planted.target, requested: settings, effective: settings },
    cache:
      hitRate === undefined
        ? { missing: 'no request was looked up in a cache' }
        : {
            lookups: 1000,
            hits: 1000 * hitRate,
            misses: 1000 * (1 - hitRate),
            joins: 0,
            evicted: 0,
            expired: 0,
            errors: 0,
            hitRate,
          },
  };
}
const CASES = [
  closed('none', 'once', 1000),
  closed('none', 'zipf', 1000),
  closed('local', 'once', 900, 0),
  closed('local', 'zipf', 2000, 0.6),
];
const LABELS = { cache: ['none', 'local'], popularity: ['once', 'zipf'] };
const words = (axes: Readonly<Record<string, string>>) => settingWords(axes, LABELS);

describe('a cache beside the same setting without one', () => {
  test('costs what the throughput without it is over that with it, with the bounds of both', () => {
    const [once, zipf] = cachesBeside(CASES);
    expect(once).toMatchObject({ hitRate: 0, variant: { cache: 'local' }, without: { cache: 'none' } });
    expect(once?.cost.value).toBeCloseTo(1000 / 900, 6);
    expect(once?.cost.low).toBeCloseTo(980 / 918, 6);
    expect(once?.cost.high).toBeCloseTo(1020 / 882, 6);
    expect(zipf?.cost.value).toBeCloseTo(0.5, 6);
  });

  test('is compared with nothing else: not with another popularity, nor with other settings', () => {
    const other = { ...closed('local', 'zipf', 2000, 0.6) };
    const requested = { ...other.target.requested, instances: 2 };
    expect(cachesBeside([CASES[0] as CaseRecord, CASES[3] as CaseRecord])).toEqual([]);
    expect(
      cachesBeside([CASES[1] as CaseRecord, { ...other, target: { ...other.target, requested } }]),
    ).toEqual([]);
  });
});

const point = (hitRate: number, cost: number): CacheBeside => ({
  axes: {},
  variant: {},
  without: {},
  hitRate,
  cost: { value: cost, low: cost, high: cost },
});

describe('the break-even hit rate', () => {
  test('is where the line through what was measured passes 1', () => {
    // 1.1 at no hits, 0.5 at 60 %: it falls by 1 per hit, and is 1 at 10 %.
    expect(breakEven([point(0.6, 0.5), point(0, 1.1)])).toMatchObject({ value: expect.closeTo(0.1, 9) });
    expect(breakEven([point(0, 0.99), point(0.5, 0.4)])).toMatchObject({ value: 0 });
    expect(breakEven([point(0, 1.4), point(0.5, 1.3)])).toBe('never');
    expect(breakEven([point(0, 1.1), point(0.5, 1.2)])).toBe('never');
    expect(breakEven([point(0.4, 0.5)])).toBeUndefined();
    expect(breakEven([point(0.4, 0.5), point(0.42, 0.48)])).toBeUndefined();
  });

  test('is what a look-up costs over what a computation does, where both cost the same each time', () => {
    const share = fc.double({ min: 0.01, max: 0.9, noNaN: true });
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, rate, rate, (lookup, a, b) => {
        fc.pre(Math.abs(a - b) >= 0.05);
        const cost = (hitRate: number) => lookup + (1 - hitRate);
        const found = breakEven([point(a, cost(a)), point(b, cost(b))]);
        return typeof found === 'object' && Math.abs(found.value - lookup) < 1e-9;
      }),
    );
  });

  test('has an interval that holds it, from the bounds of what was measured', () => {
    const found = breakEven(cachesBeside(CASES));
    if (typeof found !== 'object') throw new Error('it has one');
    expect(found.low).toBeLessThan(found.value);
    expect(found.high).toBeGreaterThan(found.value);
    // (1 - 1 / 0.9) / (0.5 - 1 / 0.9) x 0.6
    expect(found.value).toBeCloseTo(0.10909, 4);
  });
});

describe('in words', () => {
  test('it pays from here on, and by how much on both sides', () => {
    expect(breakEvenSentences(CASES, words)).toEqual([
      'Cache local pays from a hit rate of 11 % (95 % interval 6.9-15 %) on: here 60 % hit, so it does.',
      'With popularity once, cache local hits 0 % and at saturation carries 10 % less than cache none.',
      'With popularity zipf, cache local hits 60 % and at saturation carries 2 times what cache none carries.',
    ]);
  });

  test('a look-up that costs nothing measurable pays from the first hit on', () => {
    const free = [...CASES.slice(0, 2), closed('local', 'once', 1010, 0), closed('local', 'zipf', 2000, 0.6)];
    // At its worse end 1020 / 989.8 without hits and 1020 / 1960 with 60 %: 1 at 3.6 %.
    expect(breakEvenSentences(free, words)[0]).toBe(
      'Cache local pays from the first hit on (95 % interval 0-3.6 %): here 60 % hit, so it does.',
    );
  });

  test('an interval that holds what was hit is no answer; one that leaves nothing out is not even told', () => {
    // From 1.0675 to 0.9513 over 60 % at the better ends, 1 at 35 %; from 1.1565 to 1.0305 at the worse, 1 at 75 %.
    const close = [...CASES.slice(0, 3), closed('local', 'zipf', 1010, 0.6)];
    const [answer, estimate] = breakEvenSentences(close, words);
    expect(answer).toBe(
      'Whether cache local pays here, where at most 60 % hit, cannot be told from this run.',
    );
    expect(estimate).toBe(
      'The mere estimate for cache local is that it pays from a hit rate of 55 % on, with a 95 % interval of 35-75 %: a longer measure phase (measure.duration) or more trials, on a quieter machine, would tell.',
    );
    const wide = [...CASES.slice(0, 2), closed('local', 'once', 990, 0), closed('local', 'zipf', 1010, 0.6)];
    const [, nothing] = breakEvenSentences(wide, words);
    expect(nothing).toMatch(/on, but nearly every other hit rate fits what was measured as well: a longer/);
    expect(nothing).not.toContain('interval');
  });

  test('several caches are a sentence each', () => {
    const both = [
      ...CASES,
      ...CASES.slice(2).map((one) => ({ ...one, axes: { ...one.axes, cache: 'redis' } })),
    ];
    expect(breakEvenSentences(both, words)[0]).toMatch(
      /^Cache local pays .*, so it does\. Cache redis pays .*\.$/,
    );
  });

  test('too few hits, none that could pay, and nothing to compare with', () => {
    const low = [...CASES.slice(0, 3), closed('local', 'zipf', 910, 0.06)];
    expect(breakEvenSentences(low, words)[0]).toMatch(/on: here at most 6 % hit, so it does not\.$/);
    // 1 / 0.95 with 60 % is above 1 all along, 980 / 969 at its better end is not.
    const open = [...CASES.slice(0, 3), closed('local', 'zipf', 950, 0.6)];
    expect(breakEvenSentences(open, words)[0]).toBe(
      'Whether cache local pays at any hit rate cannot be told from this run.',
    );
    const worse = [...CASES.slice(0, 3), closed('local', 'zipf', 850, 0.6)];
    expect(breakEvenSentences(worse, words)[0]).toBe('Cache local pays at no hit rate.');
    expect(breakEvenSentences([CASES[1] as CaseRecord, CASES[3] as CaseRecord], words)[0]).toMatch(
      /it takes two popularities/,
    );
    expect(breakEvenSentences([], words)).toEqual([
      expect.stringMatching(/^What a cache costs cannot be told/),
    ]);
  });
});
