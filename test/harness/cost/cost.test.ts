import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costsOfCase, usdPer1000 } from '../../../harness/cost/cost.ts';
import { loadPriceBook } from '../../../harness/cost/load-price-book.ts';
import { priceOf } from '../../../harness/cost/price-book.ts';
import { formatBill, formatUnitPrice, predictionsPerDollar } from '../../../harness/record/wording.ts';
import { plantRecord } from '../../support/planted-records.ts';

const PRICE = priceOf(loadPriceBook(), 'aws/c7i.large');
const BASIS = 'assumed-same-throughput';

function casesOf(cell: string, rows = 1) {
  return plantRecord({ steps: { '40%': 600 }, settings: [{ axes: {}, saturation: 700, p99: [cell], rows }] })
    .cases;
}

function costs(cell: string, slo: 'held' | { missing: string } = 'held', rows = 1) {
  const record = casesOf(cell, rows).at(-1);
  if (record === undefined) throw new Error('nothing planted');
  return Object.fromEntries(costsOfCase(record, PRICE, BASIS, slo).map((cost) => [cost.at, cost.usdPer1000]));
}

describe('the costs of a case', () => {
  test('a proven rate has its price at the SLO, an open loop its price at this load', () => {
    const expected = 0.08925 / (600 * 3.6);
    expect(costs('24')).toEqual({ capacityAtSlo: expected, thisLoad: expected });
  });

  test('per row, not per request', () => {
    expect(costs('24', 'held', 8).capacityAtSlo).toBeCloseTo(0.08925 / (4800 * 3.6), 12);
  });

  test('a case that breaks its promise or is overloaded has no price at the SLO, with the reason', () => {
    expect(costs('90', { missing: 'p99 90 ms breaks p99 < 50 ms' }).capacityAtSlo).toEqual({
      missing: 'p99 90 ms breaks p99 < 50 ms',
    });
    expect(costs('over').capacityAtSlo).toMatchObject({ missing: expect.stringContaining('overloaded') });
  });

  test('a closed pass has a price at saturation and no other', () => {
    const [closed] = casesOf('24');
    if (closed === undefined) throw new Error('nothing planted');
    const records = costsOfCase(closed, PRICE, BASIS, 'held');
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      at: 'saturation',
      asOf: '2026-07-20',
      term: 'on-demand',
      basis: BASIS,
    });
  });
});

describe('money in words', () => {
  test.each([
    [0.0000231234, '$0.0000231'],
    [0.000149, '$0.000149'],
    [0.1, '$0.100'],
    [1.736, '$1.74'],
    [12345, '$12,300'],
  ])('%d per 1,000 is %s', (usd, text) => {
    expect(formatUnitPrice(usd)).toBe(text);
  });

  test('three significant digits, never $0.00', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e6, noNaN: true }), (usd) => {
        const text = formatUnitPrice(usd);
        expect(text).not.toMatch(/e/);
        expect(Math.abs(Number(text.replace(/[$,]/g, '')) / usd - 1)).toBeLessThan(0.0051);
      }),
    );
  });

  test.each([
    [195.4575, '$195.46'],
    [4406.28, '$4,406'],
    [0.0421, '$0.0421'],
  ])('a bill of %d is %s', (usd, text) => {
    expect(formatBill(usd)).toBe(text);
  });

  test('predictions per dollar', () => {
    expect(predictionsPerDollar(usdPer1000(0.08925, 1072))).toBe('43.2 M');
    expect(predictionsPerDollar(2)).toBe('500');
  });
});
