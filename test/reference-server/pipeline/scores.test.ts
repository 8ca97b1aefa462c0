import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fp32, fp64, runSteps, step } from './run-steps.ts';

const rounded = (values: readonly unknown[], digits = 6) =>
  values.map((value) => Number(Number(value).toFixed(digits)));

describe('softmax', () => {
  test('of 1, 2, 3', async () => {
    const shares = await step({ step: 'softmax' }, fp64([1, 2, 3], [0, 0, 0]));
    expect(rounded(shares)).toEqual([0.090031, 0.244728, 0.665241, 0.333333, 0.333333, 0.333333]);
  });

  test('a temperature divides the scores', async () => {
    const warm = await step({ step: 'softmax', temperature: 2 }, fp64([2, 4, 6]));
    expect(warm).toEqual(await step({ step: 'softmax' }, fp64([1, 2, 3])));
  });

  test('sums to 1 and keeps the order, however large the scores', async () => {
    const score = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(score, { minLength: 2, maxLength: 6 }), async (scores) => {
        const shares = (await step({ step: 'softmax' }, fp64(scores))).map(Number);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        for (const [at, share] of shares.entries()) {
          for (const [other, score] of scores.entries()) {
            if ((scores[at] ?? 0) > score) expect(share).toBeGreaterThanOrEqual(shares[other] ?? 0);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the highest scores', () => {
  const best = { step: 'topK', from: 'x', to: ['score', 'place', 'label'] };

  test('with their places and labels, the highest first, of equal ones the earlier', async () => {
    const x = fp32([0.1, 0.7, 0.2], [5, 5, 4]);
    const found = await runSteps([{ ...best, k: 2, labels: ['a', 'b', 'c'] }], { x });
    expect(rounded(found.score?.values ?? [])).toEqual([0.7, 0.2, 5, 5]);
    expect(found.place).toEqual({ datatype: 'INT64', shape: [2, 2], values: [1, 2, 0, 1] });
    expect(found.label).toEqual({ datatype: 'BYTES', shape: [2, 2], values: ['b', 'c', 'a', 'b'] });
  });

  test('labels may come from a file', async () => {
    const declared = { ...best, k: 1, labelFile: 'classes.txt' };
    const found = await runSteps([declared], { x: fp32([1, 3]) }, { 'classes.txt': ['no', 'yes'] });
    expect(found.label?.values).toEqual(['yes']);
  });

  test('are those that sorting gives; what is no number comes last', async () => {
    const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN));
    await fc.assert(
      fc.asyncProperty(fc.array(score, { minLength: 1, maxLength: 9 }), fc.nat(8), async (scores, extra) => {
        const k = Math.min(scores.length, 1 + extra);
        const found = await runSteps([{ ...best, to: ['score', 'place'], k }], { x: fp64(scores) });
        const value = (score = 0) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score);
        const sorted = scores.map((_, at) => at).sort((a, b) => value(scores[b]) - value(scores[a]) || a - b);
        expect(found.place?.values).toEqual(sorted.slice(0, k));
        expect(found.score?.values).toEqual(sorted.slice(0, k).map((at) => scores[at]));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [{ k: 3 }, 'k: is 3, and there are 2 classes'],
    [{ k: 1 }, 'a third name in to needs labels or labelFile'],
    [{ k: 1, labels: ['a', 'b'], to: ['s', 'p'] }, 'labels need a third name in to'],
    [{ k: 1, labels: ['a'] }, 'labels: there are 1 for 2 classes'],
    [{ k: 1, labels: ['a', 'b'], labelFile: 'f' }, 'either labels or labelFile'],
  ])('%j does not fit', async (fields, problem) => {
    await expect(runSteps([{ ...best, ...fields }], { x: fp32([1, 2]) })).rejects.toThrow(problem);
  });
});

test('a threshold for all, or for each class: at it is above it', async () => {
  const x = fp32([0.5, 0.25], [0.499, 0.75]);
  expect(await step({ step: 'threshold', at: 0.5 }, x)).toEqual([true, false, false, true]);
  expect(await step({ step: 'threshold', at: [0.25, 0.75] }, x)).toEqual([true, false, true, true]);
});

describe('calibration', () => {
  test("Platt's sigmoid", async () => {
    const found = await step({ step: 'calibrate', platt: { a: -2, b: 0.5 } }, fp64([0, 1, -3]));
    expect(rounded(found)).toEqual([0.377541, 0.817574, 0.001501]);
  });

  test('a temperature', async () => {
    expect(await step({ step: 'calibrate', temperature: 4 }, fp32([8, -2]))).toEqual([2, -0.5]);
  });

  test('straight lines between points, level outside', async () => {
    const isotonic = [
      [0, 0.1],
      [1, 0.3],
      [3, 0.3],
      [4, 1],
    ];
    const found = await step(
      { step: 'calibrate', isotonic },
      fp64([-1, 0, 0.5, 1, 2, 3.5, 4, 9, Number.NaN]),
    );
    expect(rounded(found)).toEqual([0.1, 0.1, 0.2, 0.3, 0.3, 0.65, 1, 1, Number.NaN]);
  });

  test.each([
    [{}, 'one of platt, temperature and isotonic'],
    [{ temperature: 1, platt: { a: 1, b: 1 } }, 'one of platt, temperature and isotonic'],
    [
      {
        isotonic: [
          [1, 0],
          [1, 1],
        ],
      },
      'each point must be right of the one before',
    ],
    [
      {
        isotonic: [
          [0, 1],
          [1, 0],
        ],
      },
      'not below it',
    ],
  ])('%j does not fit', async (fields, problem) => {
    await expect(step({ step: 'calibrate', ...fields }, fp32([1]))).rejects.toThrow(problem);
  });
});
