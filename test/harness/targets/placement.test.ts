import { expect, test } from 'vitest';
import { parseCpuList, placeOnCores } from '../../../harness/targets/placement.ts';

test.each([
  // available, instances x threads, server, generator, shared
  [[0, 1], 1, 1, [0], [1], false],
  [[0, 1], 2, 4, [0], [1], false],
  [[0, 1, 2, 3], 1, 1, [0, 1], [2, 3], false],
  [[4, 5, 6, 7], 2, 4, [4, 5, 6], [7], false],
  [[3], 1, 1, undefined, undefined, true],
  [[], 1, 1, undefined, undefined, true],
])('of cores %j, %i x %i threads get %j', (available, instances, threads, server, generator, shared) => {
  expect(placeOnCores(available, { instances, threads })).toEqual({ server, generator, shared });
});

test('cpu lists are read as Linux writes them', () => {
  expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5]);
  expect(parseCpuList('7')).toEqual([7]);
  expect(parseCpuList('')).toEqual([]);
});
