import { expect, test } from 'vitest';
import { type MachineLook, quietRounds } from './quiet-rounds.ts';

/** Rounds of 1,000 ticks a core and 10 s; `stolen` of the ticks on core 1 in each. */
function machine(stolen: readonly number[]): MachineLook {
  let looks = 0;
  let taken = 0;
  return {
    nowMs: () => (looks / 2) * 10_000,
    ticks() {
      // Two looks a round, one at either end.
      if (looks % 2 === 1) taken += stolen[(looks - 1) / 2] ?? 0;
      const all = 1000 * Math.ceil(looks / 2);
      looks += 1;
      return [
        { core: 0, stolen: 500 * looks, all },
        { core: 1, stolen: taken, all },
      ];
    },
  };
}

test('on a quiet machine the first rounds are the rounds', async () => {
  const { rounds, note } = await quietRounds(3, [1], async (round) => round, machine([0, 1, 2]));
  expect(rounds).toEqual([0, 1, 2]);
  expect(note).toBeUndefined();
});

test('disturbed rounds are made again, whatever they found', async () => {
  const { rounds, note } = await quietRounds(3, [1], async (round) => round, machine([0, 80, 1, 200, 0]));
  expect(rounds).toEqual([0, 2, 4]);
  expect(note).toContain('of 5 rounds the 3');
});

test('where quiet does not come, those count that lost least, and it is said how much they lost', async () => {
  const losses = [90, 30, 50, 20];
  const { rounds, note } = await quietRounds(2, [1], async (round) => round, machine(losses));
  expect(rounds).toEqual([1, 3]);
  expect(note).toContain('of 4 rounds the 2');
  expect(note).toContain('3.0 %');
});

test('for quiet it is not waited without end', async () => {
  const { note } = await quietRounds(5, [1], async (round) => round, machine(Array(15).fill(50)));
  expect(note).toContain('of 9 rounds the 5');
});

test('a core that is not used does not count', async () => {
  const { rounds, note } = await quietRounds(1, [1], async (round) => round, machine([0]));
  expect(rounds).toEqual([0]);
  expect(note).toBeUndefined();
  expect((await quietRounds(1, [0], async (round) => round, machine([0]))).note).toContain(
    'of 2 rounds the 1',
  );
});

test('where nothing is known of stolen time, the first rounds count', async () => {
  const { rounds, note } = await quietRounds(2, [0, 1], async (round) => round, {
    ticks: () => undefined,
    nowMs: () => 0,
  });
  expect(rounds).toEqual([0, 1]);
  expect(note).toBeUndefined();
});
