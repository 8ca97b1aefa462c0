import { expect, test } from 'vitest';
import { parseCpuList, placeOnCores, placeReplicas } from '../../../harness/targets/placement.ts';

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

test.each([
  { threads: 4, instances: 1, replicas: 1 },
  { threads: 1, instances: 4, replicas: 1 },
  { threads: 1, instances: 1, replicas: 4 },
  { threads: 2, instances: 1, replicas: 2 },
])('%j gets the same cores as any other four threads', (shape) => {
  const { server, generator } = placeOnCores([0, 1, 2, 3, 4, 5, 6, 7], shape);
  expect([server, generator]).toEqual([
    [0, 1, 2, 3, 4],
    [5, 6, 7],
  ]);
});

test('replicas get cores of their own for what they compute, and share one for sockets', () => {
  const one = { threads: 1, instances: 1 };
  const four = placeReplicas([0, 1, 2, 3, 4], 4, one);
  expect(four.replicas).toEqual([
    [0, 4],
    [1, 4],
    [2, 4],
    [3, 4],
  ]);
  expect(four.balancer).toEqual([4]);
  expect(placeReplicas([2, 3, 4, 5, 6], 2, { threads: 1, instances: 2 }).replicas).toEqual([
    [2, 3, 6],
    [4, 5, 6],
  ]);
});

test('with too few cores all replicas may run on all of them; with none nothing is bound', () => {
  const one = { threads: 1, instances: 1 };
  expect(placeReplicas([0], 2, one)).toEqual({ replicas: [[0], [0]], balancer: [0] });
  expect(placeReplicas([0, 1], 2, one)).toEqual({
    replicas: [
      [0, 1],
      [0, 1],
    ],
    balancer: [0, 1],
  });
  expect(placeReplicas([], 2, one)).toEqual({ replicas: [[], []], balancer: [] });
});
