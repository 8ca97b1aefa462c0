import { expect, test } from 'vitest';
import { batchesSince, meanRows, runsLike } from './batch-sizes.ts';

test('what came between two looks', () => {
  const since = batchesSince(
    new Map([[1, 5]]),
    new Map([
      [1, 5],
      [8, 2],
      [16, 3],
    ]),
  );
  expect([...since]).toEqual([
    [8, 2],
    [16, 3],
  ]);
  expect(meanRows(since)).toBe((8 * 2 + 16 * 3) / 5);
});

test('runs like the batches have their sizes in their shares, small and large in turn', () => {
  const runs = runsLike(
    new Map([
      [9, 500],
      [23, 500],
    ]),
    4,
  );
  expect(runs).toEqual([9, 23, 9, 23]);
  const mean = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const counts = new Map([
    [3, 10],
    [15, 400],
    [16, 500],
    [20, 90],
  ]);
  expect(mean(runsLike(counts, 100))).toBeCloseTo(meanRows(counts), 1);
});

test('a few batches are run as they were', () => {
  expect(runsLike(new Map([[7, 1]]))).toEqual([7]);
  expect(runsLike(new Map())).toEqual([]);
});
