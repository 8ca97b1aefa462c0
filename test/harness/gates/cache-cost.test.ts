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
      'Cache local pays from a hit rate of 11 % (95 % interval 6.9-15 %) on (at most 60 % hit here: it pays).',
      'With popularity once, cache local hits 0 % and at saturation carries 10 % less than cache none.',
      'With popularity zipf, cache local hits 60 % and at saturation carries 2 times what cache none carries.',
    ]);
  });

  test('a look-up that costs nothing measurable pays from the first hit on', () => {
    const free = [...CASES.slice(0, 2), closed('local', 'once', 1010, 0), closed('local', 'zipf', 2000, 0.6)];
    // At its worse end 1020 / 989.8 without hits and 1020 / 1960 with 60 %: 1 at 3.6 %.
    expect(breakEvenSentences(free, words)[0]).toBe(
      'Cache local pays from the first hit on (95 % interval 0-3.6 %) (at most 60 % hit here: it pays).',
    );
  });

  test('too few hits, none that could pay, and nothing to compare with', () => {
    const low = [...CASES.slice(0, 3), closed('local', 'zipf', 910, 0.06)];
    expect(breakEvenSentences(low, words)[0]).toMatch(/6 % hit here: it does not pay/);
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
