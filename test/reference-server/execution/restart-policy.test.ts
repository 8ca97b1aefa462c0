import { expect, test } from 'vitest';
import { recentCrashes, restartAfter } from '../../../reference-server/execution/restart-policy.ts';

test('every crash within the minute makes the wait longer, the fifth opens the circuit', () => {
  const crashes = Array.from({ length: 7 }, (_, index) => index * 1000);
  const restarts = crashes.map((_, index) => restartAfter(crashes.slice(0, index + 1)));
  expect(restarts.map(({ delayMs }) => delayMs)).toEqual([0, 200, 1000, 5000, 30_000, 30_000, 30_000]);
  expect(restarts.map(({ circuitOpen }) => circuitOpen)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test('what is older than a minute is forgotten', () => {
  expect(recentCrashes([0, 10, 59_999])).toEqual([0, 10, 59_999]);
  expect(recentCrashes([0, 10, 60_000])).toEqual([10, 60_000]);
  expect(recentCrashes([5])).toEqual([5]);
});
