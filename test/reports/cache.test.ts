import { expect, test } from 'vitest';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { cacheTables } from '../../reports/sections/cache.ts';
import { plantWinner } from '../support/planted-records.ts';

const CACHE = {
  lookups: 2000,
  hits: 1234,
  misses: 700,
  joins: 66,
  evicted: 12,
  expired: 3,
  errors: 4,
  hitRate: 0.617,
};

/** Every case of one setting with a cache, of another with a reason, of the rest from before there was one. */
function withCaches(record: RunRecord): RunRecord {
  const cases = record.cases.map((one) => {
    const { all } = one.classes;
    if (one.axes.batch === '8') return { ...one, cache: { missing: 'no request was looked up in a cache' } };
    if (one.axes.batch !== '1' || all === undefined) return one;
    const payloads = {
      requests: 2000,
      different: 650,
      repeatShare: 0.675,
      expectedRepeatShare: 0.67,
      topShare: 0.1,
    };
    return { ...one, cache: CACHE, classes: { all: { ...all, payloads } } };
  });
  return { ...record, cases };
}

test('a run without a cache has no section about one', () => {
  expect(cacheTables(plantWinner()).markup).toBe('');
});

test('hits, joins and misses stand beside what a cache without limits could have answered', () => {
  const { markup } = cacheTables(withCaches(plantWinner()));
  const row = /<tr><th scope="row">batch 1 .*?<\/tr>/s.exec(markup)?.[0] ?? '';
  const figures = [...row.matchAll(/<data value="([^"]+)"[^>]* data-field="([^"]+)">([^<]+)</g)];
  expect(figures.map(([, value, field, text]) => [field, Number(value), text])).toEqual([
    ['cache.hitRate', 0.617, '61.7 %'],
    ['classes.all.payloads.repeatShare', 0.675, '67.5 %'],
    ['cache.hits', 1234, '1,234'],
    ['cache.joins', 66, '66'],
    ['cache.misses', 700, '700'],
    ['cache.evicted', 12, '12'],
    ['cache.expired', 3, '3'],
    ['cache.errors', 4, '4'],
  ]);
  expect(markup).toContain('no request was looked up in a cache');
  expect(markup).toContain('not recorded');
});
