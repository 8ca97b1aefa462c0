import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, chooseReplica, POLICIES } from '../../../reference-server/balancer/policy.ts';

const candidate = fc.record({ up: fc.boolean(), inFlight: fc.nat(5) });
const replicas = fc.array(candidate, { maxLength: 6 });
/** In [0, 1), as Math.random. */
const draws = fc.infiniteStream(fc.integer({ min: 0, max: 999 }).map((thousandth) => thousandth / 1000));
const situation = fc.record({ replicas, last: fc.integer({ min: -1, max: 5 }), draws });

const drawsFrom = (stream: Iterator<number>) => () => Number(stream.next().value);
const all = (count: number, inFlight = 0): Candidate[] =>
  Array.from({ length: count }, () => ({ up: true, inFlight }));

describe('a policy', () => {
  test.each(POLICIES)('%s chooses one that takes requests, whenever there is one', (policy) => {
    fc.assert(
      fc.property(situation, ({ replicas, last, draws }) => {
        const chosen = chooseReplica(policy, replicas, last, drawsFrom(draws));
        const anyUp = replicas.some(({ up }) => up);
        expect(chosen === undefined).toBe(!anyUp);
        if (chosen !== undefined) expect(replicas[chosen]?.up).toBe(true);
      }),
    );
  });

  test('least in flight: nobody is less busy than the chosen', () => {
    fc.assert(
      fc.property(situation, ({ replicas, last }) => {
        const chosen = chooseReplica('leastInFlight', replicas, last, Math.random);
        const fewest = Math.min(...replicas.filter(({ up }) => up).map(({ inFlight }) => inFlight));
        if (chosen !== undefined) expect(replicas[chosen]?.inFlight).toBe(fewest);
      }),
    );
  });

  test.each(['roundRobin', 'leastInFlight'] as const)('%s gives equals their turn, exactly', (policy) => {
    const given = [0, 0, 0];
    let last = -1;
    for (let request = 0; request < 300; request++) {
      last = chooseReplica(policy, all(3), last, Math.random) ?? -1;
      given[last] = (given[last] ?? 0) + 1;
    }
    expect(given).toEqual([100, 100, 100]);
  });

  test('round robin passes over one that takes nothing', () => {
    const replicas = [
      { up: true, inFlight: 9 },
      { up: false, inFlight: 0 },
      { up: true, inFlight: 0 },
    ];
    expect(chooseReplica('roundRobin', replicas, 0, Math.random)).toBe(2);
    expect(chooseReplica('roundRobin', replicas, 2, Math.random)).toBe(0);
  });

  test('two choices: the drawn ones differ, each pair equally often, and the less busy one wins', () => {
    const loads = [3, 2, 1, 0].map((inFlight) => ({ up: true, inFlight }));
    const given = [0, 0, 0, 0];
    // Every pair of draws once: 4 first ones, 3 others.
    for (let first = 0; first < 4; first++) {
      for (let other = 0; other < 3; other++) {
        const drawn = [(first + 0.5) / 4, (other + 0.5) / 3];
        const chosen = chooseReplica('twoChoices', loads, -1, () => drawn.shift() ?? 0) ?? -1;
        given[chosen] = (given[chosen] ?? 0) + 1;
      }
    }
    // Of 12 ordered pairs: the busiest wins none, the next one pair in each order, and so on.
    expect(given).toEqual([0, 2, 4, 6]);
  });
});

/**
 * Balls into bins: what each policy is for. With as many requests in flight as replicas, drawing blindly leaves one
 * replica with several; the less busy of two leaves far fewer, and the least busy exactly one each.
 */
test('two choices keep the longest queue shorter than turns of a blind draw, least in flight keeps it shortest', () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const longest = (choose: (bins: Candidate[]) => number): number => {
    const bins = Array.from({ length: 256 }, () => ({ up: true, inFlight: 0 }));
    for (const _ of bins) {
      const bin = bins[choose(bins)];
      if (bin !== undefined) bin.inFlight += 1;
    }
    return Math.max(...bins.map(({ inFlight }) => inFlight));
  };
  const blind = longest((bins) => Math.floor(random() * bins.length));
  const two = longest((bins) => chooseReplica('twoChoices', bins, -1, random) ?? 0);
  const least = longest((bins) => chooseReplica('leastInFlight', bins, -1, random) ?? 0);
  expect(least).toBe(1);
  expect(two).toBeLessThanOrEqual(3);
  expect(blind).toBeGreaterThan(two);
});
