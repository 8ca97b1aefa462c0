import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../harness/load/random.ts';
import { dependence, designEffect, NO_DEPENDENCE } from '../../../harness/statistics/design-effect.ts';
import { ExactValues } from '../../support/queue-simulation.ts';

/** `copies` neighbours share each value, so the design effect is `copies` by construction. */
function clustered(draw: Random, windows: number, perWindow: number, copies: number): ExactValues[] {
  return Array.from({ length: windows }, () => {
    const values = Array.from({ length: perWindow / copies }, draw);
    return new ExactValues(values.flatMap((value) => Array.from({ length: copies }, () => value)));
  });
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe('the design effect', () => {
  it('is 1 for independent requests, as far as can be proven, 9 times in 10', () => {
    for (const windows of [8, 40]) {
      const draw = seededRandom(5);
      const proven = Array.from(
        { length: 200 },
        () => designEffect(clustered(draw, windows, 100, 1), 0.9)?.proven ?? Number.NaN,
      );
      expect(proven.filter((effect) => effect === 1).length / 200).toBeGreaterThan(0.88);
    }
  });

  it('is the size of the clusters that requests come in', () => {
    const draw = seededRandom(6);
    const effects = Array.from({ length: 100 }, () => designEffect(clustered(draw, 60, 200, 10), 0.5));
    const proven = median(effects.map((effect) => effect?.proven ?? Number.NaN));
    expect(proven).toBeGreaterThan(9);
    expect(proven).toBeLessThan(15);
    expect(effects.every((effect) => (effect?.cautious ?? 0) >= (effect?.proven ?? Infinity))).toBe(true);
  });

  it('finds correlation that reaches past one window', () => {
    // Four windows in a row share their values: windows alone differ half as much as fours do.
    const draw = seededRandom(7);
    const windows = Array.from({ length: 12 }, () => {
      const shared = draw() < 0.5 ? [0.2, 0.95] : [0.2, 0.2];
      return Array.from(
        { length: 4 },
        () => new ExactValues(Array.from({ length: 50 }, () => shared).flat()),
      );
    }).flat();
    const single =
      designEffect(
        windows.filter((_, index) => index % 4 === 0),
        0.9,
      )?.proven ?? 0;
    const whole = designEffect(windows, 0.9)?.proven ?? 0;
    expect(whole).toBeGreaterThan(2 * single);
  });

  it('is unknown with too few windows, or with nothing above the threshold', () => {
    const draw = seededRandom(8);
    expect(designEffect(clustered(draw, 5, 100, 1), 0.9)).toBeUndefined();
    expect(designEffect(clustered(draw, 10, 100, 1), 2)).toBeUndefined();
    expect(designEffect([], 1)).toBeUndefined();
  });
});

it('a percentile is judged by its own late requests, its interval by those of lower percentiles too', () => {
  const p50 = dependence({ proven: 6, cautious: 9 });
  const p99 = dependence({ proven: 1, cautious: 2 }, p50);
  expect(p99).toEqual({ forSamples: 1, forEnd: 6, forWidth: 9 });
  expect(dependence(undefined)).toEqual(NO_DEPENDENCE);
});
