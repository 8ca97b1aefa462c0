import { describe, expect, test } from 'vitest';
import { loadPriceBook } from '../../../harness/cost/load-price-book.ts';
import { parseOwnHardware } from '../../../harness/cost/own-hardware.ts';
import { describePrice, mergePriceBooks, parsePriceBook, priceOf } from '../../../harness/cost/price-book.ts';
import { UsageError } from '../../../harness/errors.ts';

const SHIPPED = loadPriceBook();

function problemsOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('expected a UsageError');
}

describe('the shipped book', () => {
  test('knows its machines, with source and date', () => {
    expect(SHIPPED.machines).toHaveLength(156);
    const { machine, usdPerHour } = priceOf(SHIPPED, 'aws/c7i.large');
    expect(usdPerHour).toBe(0.08925);
    expect(machine).toMatchObject({ region: 'us-east-1', vcpus: 2, memoryGib: 4, asOf: '2026-07-20' });
    expect(machine.accelerator).toBeUndefined();
    // Its source is a quoted field with a comma.
    expect(priceOf(SHIPPED, 'aws/g5.xlarge').machine.source).toMatch(
      /reference-types|median of 5 us-east-1 zones$/,
    );
    expect(priceOf(SHIPPED, 'aws/g5.xlarge').machine.accelerator).toEqual({ model: 'NVIDIA A10G', count: 1 });
    expect(describePrice(priceOf(SHIPPED, 'aws/g5.xlarge', 'spot'))).toBe(
      'aws/g5.xlarge spot $0.4423/h (us-east-1, 2026-07-20)',
    );
  });

  test('an undated price says so', () => {
    expect(priceOf(SHIPPED, 'lambda/gpu_1x_a10').machine.asOf).toBe('date unknown');
  });

  test.each([
    ['aws/g5.xlarg', 'Did you mean aws/g5.xlarge?'],
    ['g5.xlarge', 'Did you mean aws/g5.xlarge?'],
    ['nothing-like-it-at-all', 'providers: aws, gcp, azure'],
  ])('an unknown machine is an error, never 0: %s', (name, advice) => {
    expect(problemsOf(() => priceOf(SHIPPED, name))).toContain(advice);
  });

  test('a machine without a spot price says so and what is known', () => {
    const message = problemsOf(() => priceOf(SHIPPED, 'aws/c7i.large', 'spot'));
    expect(message).toContain('no spot price for aws/c7i.large');
    expect(message).toContain('on-demand $0.08925/h');
  });
});

describe("a price list of one's own", () => {
  const header = 'provider,instance_type,region,vcpus,memory_gib,on_demand_usd_per_hour,as_of,source\n';

  test('wins over the shipped price of the same name', () => {
    const own = parsePriceBook(
      `${header}aws,c7i.large,us-east-1,2,4,0.06,2026-11-01,"our agreement, 37 % off"\n`,
    );
    const { usdPerHour, machine } = priceOf(mergePriceBooks([SHIPPED, own]), 'aws/c7i.large');
    expect(usdPerHour).toBe(0.06);
    expect(machine.source).toBe('our agreement, 37 % off');
  });

  test('gets every mistake at once, each with its line', () => {
    const text = `${header}aws,a,r,2,4,free,2026-01-01,s\naws,b,r,2,4\naws,c,r,,4,0.5,2026-01-01,s\n`;
    const message = problemsOf(() => parsePriceBook(text, 'own.csv'));
    expect(message).toContain('own.csv:2  on_demand_usd_per_hour: "free" is not a number above 0');
    expect(message).toContain('own.csv:3  5 fields, but the header names 8');
    expect(message).toContain('own.csv:4  vcpus: is empty');
  });

  test('names the columns that it lacks', () => {
    expect(problemsOf(() => parsePriceBook('machine,price\nx,1\n'))).toContain('columns missing: provider');
  });
});

describe('own hardware', () => {
  test('purchase / lifetime + energy', () => {
    const machine = parseOwnHardware('own/box:purchase=4380,lifetime=2y,power=250W,energy=0.2/kWh,cores=16');
    // 4380 / 17,520 h = 0.25, and 0.25 kW at 0.2 = 0.05.
    expect(machine.usdPerHour.own).toBeCloseTo(0.3, 9);
    expect(priceOf({ machines: [machine] }, 'own/box')).toMatchObject({ term: 'own', usdPerHour: 0.3 });
  });

  test('every mistake at once', () => {
    const message = problemsOf(() => parseOwnHardware('own/box:purchase=4380,lifetime=24,watt=3'));
    expect(message).toContain('lifetime: "24" is not years, as 3y');
    expect(message).toContain('watt: unknown');
    expect(message).toContain('energy: is missing');
  });
});
