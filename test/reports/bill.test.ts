import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planFleet } from '../../harness/cost/fleet.ts';
import { formatBill } from '../../harness/record/wording.ts';
import {
  billLines,
  fleetBill,
  PAGE_FUNCTIONS,
  priceWords,
  type Traffic,
  trafficProblem,
} from '../../reports/panel/bill.ts';

/** Mean 500/s, peak 1,250/s, 1,072/s held by one machine of $0.08925/h. */
const WORKED: Traffic = {
  usdPerHour: 0.08925,
  capacityPerS: 1072,
  rowsPerRequest: 1,
  meanPerS: 500,
  peakToMean: 2.5,
  headroom: 0.3,
  spare: 1,
};

const TRAFFIC = fc.record({
  usdPerHour: fc.double({ min: 0.01, max: 100, noNaN: true }),
  capacityPerS: fc.double({ min: 1, max: 1e5, noNaN: true }),
  rowsPerRequest: fc.integer({ min: 1, max: 64 }),
  meanPerS: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
  peakToMean: fc.double({ min: 1, max: 20, noNaN: true }),
  headroom: fc.double({ min: 0, max: 0.9, noNaN: true }),
  spare: fc.integer({ min: 0, max: 5 }),
});

describe('the cost panel', () => {
  it('reckons the worked example: 3 machines, $195.46, 6.4 times the price of a full machine', () => {
    // max(ceil(1250 / 750.4), ceil(1250 / 1072) + 1) = max(2, 3); 3 x 0.08925 x 730 / 1.314e9 predictions
    const bill = fleetBill(WORKED);
    expect(bill.machines).toBe(3);
    expect(bill.usdPerMonth).toBeCloseTo(195.4575, 6);
    expect(bill.usdPer1000).toBeCloseTo(0.00014875, 9);
    expect(billLines(bill, formatBill)).toEqual({
      per1000: '$0.000149',
      perMonth: '$195.46',
      machines: '3',
      factor: '6.4 times the $0.0000231 of a machine that is always full:',
      causes: 'idle ×4.3, headroom ×1.0, spare ×1.5',
    });
  });

  it('needs 2 machines without a spare: $130.31', () => {
    const lines = billLines(fleetBill({ ...WORKED, spare: 0 }), formatBill);
    expect([lines.machines, lines.perMonth, lines.per1000]).toEqual(['2', '$130.31', '$0.0000992']);
  });

  it('splits the factor into causes that multiply to it', () => {
    fc.assert(
      fc.property(TRAFFIC, (inputs) => {
        const bill = fleetBill(inputs);
        expect((bill.idle * bill.headroom * bill.spare) / bill.timesFullUse).toBeCloseTo(1, 9);
        expect(bill.headroom).toBeGreaterThanOrEqual(1);
        expect(bill.spare).toBeGreaterThanOrEqual(1);
        const left = (bill.machines - inputs.spare) * inputs.capacityPerS;
        expect(left).toBeGreaterThan(bill.peakPerS * (1 - 1e-6) - 1e-6);
      }),
    );
  });

  it('agrees with the cost command', () => {
    fc.assert(
      fc.property(TRAFFIC, (inputs) => {
        const { meanPerS, usdPerHour, rowsPerRequest, headroom, spare } = inputs;
        const fleet = planFleet({
          traffic: { segments: [], meanPerS, peakPerS: meanPerS * inputs.peakToMean },
          capacity: { value: inputs.capacityPerS },
          usdPerHour,
          reserve: { headroom, spare },
          rowsPerRequest,
        });
        const bill = fleetBill(inputs);
        expect(bill.machines).toBe(fleet.machines);
        expect(bill.usdPerMonth / fleet.usdPerMonth).toBeCloseTo(1, 9);
        expect(bill.usdPer1000 / fleet.usdPer1000).toBeCloseTo(1, 9);
        expect(fleet.causes.map(({ factor }) => factor)).toEqual([bill.idle, bill.headroom, bill.spare]);
      }),
    );
  });

  it('charges per prediction, not per request', () => {
    const bill = fleetBill({ ...WORKED, rowsPerRequest: 8 });
    expect(bill.machines).toBe(3);
    expect(bill.usdPer1000).toBeCloseTo(0.00014875 / 8, 12);
  });

  it('names what is wrong with the inputs', () => {
    expect(trafficProblem(WORKED)).toBeUndefined();
    expect(trafficProblem({ ...WORKED, meanPerS: 0 })).toContain('above 0');
    expect(trafficProblem({ ...WORKED, meanPerS: Number.NaN })).toContain('above 0');
    expect(trafficProblem({ ...WORKED, peakToMean: 0.5 })).toContain('at least 1');
    expect(trafficProblem({ ...WORKED, headroom: 1 })).toContain('below 100 %');
    expect(trafficProblem({ ...WORKED, spare: 1.5 })).toContain('whole number');
  });

  it('prints three significant digits and never $0.00', () => {
    expect([1e-7, 0.0000231, 0.000149, 0.0992, 0.5, 1, 195.4575, 12345.6].map(formatBill)).toEqual([
      '$0.000000100',
      '$0.0000231',
      '$0.000149',
      '$0.0992',
      '$0.500',
      '$1.00',
      '$195.46',
      '$12,346',
    ]);
  });

  it('says what-if unless the very machine was measured', () => {
    const price = {
      name: 'aws/g5.xlarge',
      term: 'spot',
      usdPerHour: 0.4423,
      source: 's',
      asOf: '2026-07-20',
    };
    expect(priceWords(price, { measuredOn: 'a laptop' })).toBe(
      'What-if: measured on a laptop, not on aws/g5.xlarge; the same throughput is assumed. $0.4423 per hour spot, price of 2026-07-20.',
    );
    expect(priceWords(price, { measuredOn: 'it', measuredAs: 'aws/g5.xlarge' })).toContain(
      'Measured on this machine',
    );
  });

  it('works from its source text alone, as the page carries it', () => {
    const source = `${PAGE_FUNCTIONS.map(String).join('\n')}\nreturn billLines(fleetBill(${JSON.stringify(WORKED)}), formatBill)`;
    expect(new Function(source)()).toEqual(billLines(fleetBill(WORKED), formatBill));
  });
});
