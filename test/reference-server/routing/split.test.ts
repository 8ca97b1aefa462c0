import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionInTurn, versionOfKey, type Weight } from '../../../reference-server/routing/split.ts';

const weights = (...all: number[]): Weight[] =>
  all.map((weight, index) => ({ version: String(index + 1), weight }));

const anyWeights = fc
  .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 })
  .map((all) => weights(...all));

const total = (all: readonly Weight[]) => all.reduce((sum, { weight }) => sum + weight, 0);

function countsOf(choices: readonly (string | undefined)[]): Map<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const choice of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  return counts;
}

describe('a split by turns', () => {
  test('after any number of requests each version is within 4 of its share', () => {
    fc.assert(
      fc.property(anyWeights, (all) => {
        fc.pre(total(all) > 0);
        const counts = all.map(() => 0);
        let farthest = 0;
        for (let n = 0; n < 2000; n++) {
          const chosen = Number(versionInTurn(all, n)) - 1;
          counts[chosen] = (counts[chosen] ?? 0) + 1;
          for (const [index, { weight }] of all.entries()) {
            const off = Math.abs((counts[index] ?? 0) - ((n + 1) * weight) / total(all));
            farthest = Math.max(farthest, off);
          }
        }
        expect(farthest).toBeLessThan(4);
      }),
      { numRuns: 100 },
    );
  });

  test('10 % of 100,000 requests are 10,000, and a caller that counts to ten meets no pattern', () => {
    const all = weights(90, 10);
    const choices = Array.from({ length: 100_000 }, (_, n) => versionInTurn(all, n));
    expect(Math.abs((countsOf(choices).get('2') ?? 0) - 10_000)).toBeLessThan(5);
    for (let phase = 0; phase < 10; phase++) {
      const every = choices.filter((_, n) => n % 10 === phase);
      expect(Math.abs((countsOf(every).get('2') ?? 0) - 1000)).toBeLessThan(30);
    }
  });

  test('nobody gets anything where no weight is above 0', () => {
    expect(versionInTurn([], 3)).toBeUndefined();
    expect(versionInTurn(weights(0, 0), 3)).toBeUndefined();
    expect(versionInTurn(weights(0, 5), 3)).toBe('2');
  });
});

describe('a split by key', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);

  test.each([[[90, 10]], [[1, 1, 1]], [[70, 20, 10]], [[99.9, 0.1]]])(
    'gives %j their shares of the keys, within four standard deviations',
    (all) => {
      const counts = countsOf(keys.map((key) => versionOfKey(weights(...all), key, 'm')));
      const sum = total(weights(...all));
      for (const { version, weight } of weights(...all)) {
        const share = weight / sum;
        const deviation = Math.sqrt(keys.length * share * (1 - share));
        expect(Math.abs((counts.get(version) ?? 0) - keys.length * share)).toBeLessThan(4 * deviation);
      }
    },
  );

  test('a key stays, unless the weight of the version that it leaves fell or of the one that it joins rose', () => {
    fc.assert(
      fc.property(
        anyWeights,
        fc.nat(4),
        fc.integer({ min: 0, max: 100 }),
        fc.string(),
        (all, at, weight, key) => {
          const index = at % all.length;
          const changed = all.map((one, place) => (place === index ? { ...one, weight } : one));
          const [before, after] = [versionOfKey(all, key, 'm'), versionOfKey(changed, key, 'm')];
          const own = all[index];
          if (before === after || own === undefined) return;
          if (weight > own.weight) expect(after).toBe(own.version);
          else expect(before).toBe(own.version);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('when a version is gone only its keys move', () => {
    const all = weights(50, 30, 20);
    for (const key of keys.slice(0, 2000)) {
      const before = versionOfKey(all, key, 'm');
      const after = versionOfKey(all.slice(0, 2), key, 'm');
      if (before !== '3') expect(after).toBe(before);
    }
  });

  test('the splits of two models choose independently', () => {
    const half = weights(50, 50);
    const same = keys.filter((key) => versionOfKey(half, key, 'a') === versionOfKey(half, key, 'b'));
    expect(Math.abs(same.length - keys.length / 2)).toBeLessThan(4 * Math.sqrt(keys.length / 4));
  });

  test('nobody gets anything where no weight is above 0', () => {
    expect(versionOfKey([], 'k', 'm')).toBeUndefined();
    expect(versionOfKey(weights(0), 'k', 'm')).toBeUndefined();
  });
});
