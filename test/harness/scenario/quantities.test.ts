import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isProblem,
  parseDuration,
  parsePercentage,
  parseRate,
  parseRows,
  parseSize,
} from '../../../harness/scenario/quantities.ts';

const readers = {
  duration: parseDuration,
  rate: parseRate,
  percentage: parsePercentage,
  rows: parseRows,
  size: parseSize,
};

describe('quantities', () => {
  it.each([
    ['duration', '30s', 30_000],
    ['duration', '250ms', 250],
    ['duration', '1us', 0.001],
    ['duration', '1µs', 0.001],
    ['duration', '1.5 s', 1500],
    ['duration', '2m', 120_000],
    ['duration', '1h', 3_600_000],
    ['duration', '0ms', 0],
    ['rate', '200/s', 200],
    ['rate', '12_000/min', 200],
    ['rate', '0.5 /s', 0.5],
    ['percentage', '40%', 0.4],
    ['percentage', '0.1%', 0.001],
    ['percentage', '10 %', 0.1],
    ['rows', '512 rows', 512],
    ['size', '64MiB', 67_108_864],
    ['size', '1.5 KiB', 1536],
    ['size', '2gb', 2_000_000_000],
    ['size', '7B', 7],
    ['rows', '1 row', 1],
  ] as const)('reads %s %s as %d', (kind, text, value) => {
    expect(readers[kind](text)).toEqual({ value });
  });

  it.each([
    ['rate', 200, 'carries its unit', 'write 200/s'],
    ['rate', '200', 'carries its unit', 'write 200/s'],
    ['rate', '200/sec', 'is not a unit of rate', '/s, /min, /h'],
    ['duration', 30, 'carries its unit', 'write 30ms'],
    ['duration', '30 parsecs', 'is not a unit of duration', 'us'],
    ['duration', '-3s', 'is a number with its unit', '30s'],
    ['duration', 'soon', 'is a number with its unit', '30s'],
    ['duration', true, 'is a number with its unit', '30s'],
    ['duration', undefined, 'found nothing', '30s'],
    ['duration', null, 'is a number with its unit', '30s'],
    ['duration', ['2s'], 'is a number with its unit', '30s'],
    ['percentage', 0.4, 'carries its unit', 'write 40%'],
    ['percentage', 40, 'carries its unit', 'write 40%'],
    ['rows', 512, 'carries its unit', 'write 512 rows'],
    ['rows', '1.5 rows', 'whole', '2 rows'],
  ] as const)('refuses %s %j and says what to write', (kind, found, problem, advice) => {
    const reading = readers[kind](found);
    if (!isProblem(reading)) throw new Error('was accepted');
    expect(reading.problem).toContain(problem);
    expect(reading.advice).toContain(advice);
  });

  it('reads back any whole number of milliseconds in any unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => {
        expect(parseDuration(`${ms}ms`)).toEqual({ value: ms });
        expect(parseDuration(`${ms / 1000}s`)).toEqual({ value: ms });
      }),
    );
  });
});
