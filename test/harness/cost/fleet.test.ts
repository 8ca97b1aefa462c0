import fc from 'fast-check';
import { expect, test } from 'vitest';
import { machinesFor, planFleet } from '../../../harness/cost/fleet.ts';
import { parseTrafficRate } from '../../../harness/cost/traffic.ts';

const rate = fc.double({ min: 1, max: 1e6, noNaN: true });
const reserve = fc.record({ headroom: fc.double({ min: 0, max: 0.9, noNaN: true }), spare: fc.nat(3) });

test('the machines carry the rate with headroom, and without their spares', () => {
  fc.assert(
    fc.property(rate, rate, reserve, (offered, capacity, kept) => {
      const machines = machinesFor(offered, capacity, kept);
      const enough = 1 + 1e-6;
      expect(machines * capacity * (1 - kept.headroom) * enough).toBeGreaterThanOrEqual(offered);
      expect((machines - kept.spare) * capacity * enough).toBeGreaterThanOrEqual(offered);
    }),
  );
});

test('a product that is one bit above a whole number of machines needs no further machine', () => {
  // 1 / (10 x (1 - 0.9)) is 1.0000000000000002.
  expect(Math.ceil(1 / (10 * (1 - 0.9)))).toBe(2);
  expect(machinesFor(1, 10, { headroom: 0.9, spare: 0 })).toBe(1);
});

test('the range of a bill is recomputed: one machine flips where a scaled interval would have said 7 %', () => {
  const plan = planFleet({
    traffic: parseTrafficRate('790/s'),
    capacity: { value: 400, low: 370, high: 430 },
    usdPerHour: 1,
    reserve: { headroom: 0, spare: 0 },
    rowsPerRequest: 1,
  });
  expect([plan.range?.low.machines, plan.machines, plan.range?.high.machines]).toEqual([2, 2, 3]);
});

test('rows make a request several predictions', () => {
  const input = {
    traffic: parseTrafficRate('500/s'),
    capacity: { value: 1000 },
    usdPerHour: 1,
    reserve: { headroom: 0, spare: 0 },
  };
  expect(planFleet({ ...input, rowsPerRequest: 8 }).usdPer1000 * 8).toBeCloseTo(
    planFleet({ ...input, rowsPerRequest: 1 }).usdPer1000,
    12,
  );
});
