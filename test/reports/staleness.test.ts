import { expect, test } from 'vitest';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { stalenessTables } from '../../reports/sections/staleness.ts';
import { plantWinner } from '../support/planted-records.ts';

const FRESH = { missing: 'every answer was computed for its request' };

/** Every case of one setting with aged answers, the rest with none. */
function counted(record: RunRecord): RunRecord {
  const cases = record.cases.map((one) => {
    const aged = one.axes.batch === '1';
    const staleness = {
      answers: 2000,
      aged: aged ? 1234 : 0,
      ageMs: aged ? { p50: 310.5, p99: 1900, max: 2100 } : { p50: FRESH, p99: FRESH, max: FRESH },
      changes: [
        { everyMs: 1000, stale: 500, rate: 0.25, low: 0.22, high: 0.281, expectedRate: 0.26 },
        { everyMs: 60_000, stale: 8, rate: 0.004, low: 0, high: 0.012, expectedRate: 0.005 },
      ].map((one) => (aged ? one : { ...one, stale: 0, rate: 0, low: 0, high: 0, expectedRate: 0 })),
    };
    return { ...one, staleness };
  });
  return { ...record, cases };
}

test('a run that does not count stale answers has no section about them', () => {
  expect(stalenessTables(plantWinner()).markup).toBe('');
});

test('ages, and the stale share for each time between changes, with its interval', () => {
  const { markup } = stalenessTables(counted(plantWinner()));
  expect(markup).toContain('stale, changing every 1 s');
  expect(markup).toContain('stale, changing every 60 s');
  const row = /<tr><th scope="row">batch 1 .*?<\/tr>/s.exec(markup)?.[0] ?? '';
  const figures = [...row.matchAll(/<data value="([^"]+)"[^>]* data-field="([^"]+)">([^<]+)</g)];
  expect(figures.map(([, value, field, text]) => [field, Number(value), text])).toEqual([
    ['staleness.aged', 1234, '1,234'],
    ['staleness.ageMs.p50', 310.5, '311'],
    ['staleness.ageMs.p99', 1900, '1,900'],
    ['staleness.ageMs.max', 2100, '2,100'],
    ['staleness.changes.0.rate', 0.25, '25 %'],
    ['staleness.changes.0.low', 0.22, '22 %'],
    ['staleness.changes.0.high', 0.281, '28.1 %'],
    ['staleness.changes.0.expectedRate', 0.26, '26 %'],
    ['staleness.changes.1.rate', 0.004, '0.4 %'],
    ['staleness.changes.1.low', 0, '0 %'],
    ['staleness.changes.1.high', 0.012, '1.2 %'],
    ['staleness.changes.1.expectedRate', 0.005, '0.5 %'],
  ]);
  expect(markup).toContain(FRESH.missing);
});
