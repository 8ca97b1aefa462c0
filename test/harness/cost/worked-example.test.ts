import { describe, expect, test } from 'vitest';
import { usdPer1000 } from '../../../harness/cost/cost.ts';
import {
  idealAutoscaling,
  machinesFor,
  planFleet,
  predictionsPerMonth,
} from '../../../harness/cost/fleet.ts';
import { parsePriceBook, priceOf } from '../../../harness/cost/price-book.ts';
import { parseTrafficDay, parseTrafficRate } from '../../../harness/cost/traffic.ts';

/** An image classifier on one aws/g5.xlarge: 520/s at saturation, 400/s (380-415) at p99 < 50 ms. */
const BOOK = parsePriceBook(
  [
    'provider,instance_type,region,accelerator,accelerator_count,vcpus,memory_gib,on_demand_usd_per_hour,spot_usd_per_hour,as_of,source',
    'aws,g5.xlarge,us-east-1,NVIDIA A10G,1,4,16,1.006,0.4423,2026-07-20,list',
  ].join('\n'),
);
const { usdPerHour } = priceOf(BOOK, 'aws/g5.xlarge');
const capacity = { value: 400, low: 380, high: 415 };
const reserve = { headroom: 0.3, spare: 1 };
const traffic = parseTrafficDay('hour,rate\n0,200\n8,700\n20,1500\n', 'day.csv');
const input = { traffic, capacity, usdPerHour, reserve, rowsPerRequest: 1 };
const sticker = usdPer1000(usdPerHour, 520);

describe('the worked example: one day of 57.6 M predictions', () => {
  test('its day', () => {
    expect(traffic.meanPerS).toBeCloseTo(57.6e6 / 86_400, 9);
    expect(traffic.peakPerS).toBe(1500);
    expect(predictionsPerMonth(traffic, 1)).toBeCloseTo(1.752e9, -3);
    expect([200, 700, 1500].map((rate) => machinesFor(rate, 400, reserve))).toEqual([2, 3, 6]);
  });

  test('a. sticker: 1.006 / (520 x 3.6)', () => {
    expect(sticker).toBeCloseTo(1.006 / (520 * 3.6), 15);
    expect(sticker.toFixed(6)).toBe('0.000537');
  });

  test('b. at the SLO: 1.006 / (400 x 3.6), interval recomputed at both ends', () => {
    const { value, low, high } = capacity;
    const prices = [value, high, low].map((rowsPerS) => usdPer1000(usdPerHour, rowsPerS));
    expect(prices.map((price) => price.toFixed(6))).toEqual(['0.000699', '0.000673', '0.000735']);
    expect((usdPer1000(usdPerHour, value) / sticker).toFixed(1)).toBe('1.3');
  });

  test('c. fleet for the peak, always on: 6 x 1.006 x 730', () => {
    const fleet = planFleet(input);
    expect(fleet.machines).toBe(6);
    expect(fleet.usdPerMonth).toBeCloseTo(4406.28, 6);
    expect(fleet.usdPer1000.toFixed(6)).toBe('0.002515');
    expect((fleet.utilization * 100).toFixed(1)).toBe('27.8');
    expect((fleet.usdPer1000 / sticker).toFixed(1)).toBe('4.7');
    expect([fleet.range?.low.machines, fleet.range?.high.machines]).toEqual([6, 6]);
  });

  test('d. autoscaled 2-3-6, ideal: 8 x 2 + 12 x 3 + 4 x 6 = 76 machine-hours a day', () => {
    const day = idealAutoscaling(input);
    expect(day.machines).toEqual([2, 3, 6]);
    expect(day.machineHoursPerDay).toBe(76);
    expect(day.usdPerMonth).toBeCloseTo(76 * 1.006 * 30.4167, 1);
    expect(Math.round(day.usdPerMonth)).toBe(2326);
    expect(day.usdPer1000.toFixed(6)).toBe('0.001327');
    expect((day.usdPer1000 / sticker).toFixed(1)).toBe('2.5');
  });

  test('the bill has no interval of its own: 380 and 415/s need the same 2, 3, 6 machines', () => {
    for (const end of [380, 415]) {
      expect([200, 700, 1500].map((rate) => machinesFor(rate, end, reserve))).toEqual([2, 3, 6]);
    }
  });
});

describe('the panel: 500/s, peak 1,250/s on a machine of $0.08925/h that carries 1,072/s', () => {
  const panel = {
    traffic: parseTrafficRate('500/s peak 1250/s'),
    capacity: { value: 1072 },
    usdPerHour: 0.08925,
    reserve,
    rowsPerRequest: 1,
  };
  test('30 % headroom and one spare: 3 machines, $195.46, $0.000149 per 1,000, 6.4 times the headline', () => {
    const fleet = planFleet(panel);
    expect(fleet.machines).toBe(3);
    expect(fleet.usdPerMonth.toFixed(2)).toBe('195.46');
    expect(fleet.usdPer1000.toFixed(6)).toBe('0.000149');
    expect(fleet.factor.toFixed(1)).toBe('6.4');
    expect(fleet.usdPer1000 / usdPer1000(0.08925, 1072)).toBeCloseTo(fleet.factor, 9);
    expect(fleet.causes.map(({ name }) => name)).toEqual(['idle', 'headroom', 'spare']);
    expect(fleet.causes.reduce((product, { factor }) => product * factor, 1)).toBeCloseTo(fleet.factor, 9);
    expect(fleet.range).toBeUndefined();
  });

  test('no spare: 2 machines, $130.31, $0.0000992', () => {
    const fleet = planFleet({ ...panel, reserve: { headroom: 0.3, spare: 0 } });
    expect(fleet.machines).toBe(2);
    expect(fleet.usdPerMonth.toFixed(2)).toBe('130.31');
    expect(fleet.usdPer1000.toFixed(7)).toBe('0.0000992');
  });
});
