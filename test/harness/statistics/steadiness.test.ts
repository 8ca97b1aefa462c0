import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import { type Steadiness, steadiness } from '../../../harness/statistics/steadiness.ts';
import { autoregression } from '../../support/queue-simulation.ts';

const RUNS = 1000;

/** Shares of verdicts over runs of `windows` values with relative noise `noise` and a change of `drift` over the run. */
function verdicts(windows: number, phi: number, noise: number, drift: number) {
  const draw = seededRandom(21);
  const share = { steady: 0, unsteady: 0, 'not-assessed': 0 } satisfies Record<Steadiness['verdict'], number>;
  for (let run = 0; run < RUNS; run++) {
    const values = autoregression(draw, phi, windows).map(
      (error, index) => 200 * (1 + drift * (index / (windows - 1) - 0.5) + noise * error),
    );
    share[steadiness(values).verdict] += 1 / RUNS;
  }
  return share;
}

describe('a steady run', () => {
  it.each([
    [8, 0.05],
    [30, 0.02],
    [30, 0.1],
    [120, 0.2],
  ])(
    'of %d windows with noise %d is called unsteady at most 1 time in 100, correlated or not',
    (windows, noise) => {
      for (const phi of [0, 0.3, 0.6])
        expect(verdicts(windows, phi, noise, 0).unsteady).toBeLessThanOrEqual(0.01);
    },
  );

  it.each([
    [8, 0.02, 0],
    [30, 0.02, 0.6],
    [120, 0.05, 0.3],
  ])(
    'of %d windows with noise %d and correlation %d is proven steady 8 times in 10',
    (windows, noise, phi) => {
      expect(verdicts(windows, phi, noise, 0).steady).toBeGreaterThan(0.8);
    },
  );

  it('too noisy to tell is neither', () => {
    const { steady, unsteady } = verdicts(8, 0, 0.2, 0);
    expect(steady + unsteady).toBeLessThan(0.02);
  });
});

describe('a run that drifts by 30 %', () => {
  it.each([
    [8, 0.015, 0],
    [30, 0.05, 0],
    [30, 0.02, 0.6],
    [120, 0.1, 0.3],
  ])('of %d windows with noise %d and correlation %d is found 95 times in 100', (windows, noise, phi) => {
    expect(verdicts(windows, phi, noise, 0.3).unsteady).toBeGreaterThanOrEqual(0.95);
    expect(verdicts(windows, phi, noise, -0.3).unsteady).toBeGreaterThanOrEqual(0.95);
  });

  it('is hardly ever called steady, whatever the noise', () => {
    for (const noise of [0.02, 0.05, 0.1, 0.2]) {
      for (const phi of [0, 0.6]) expect(verdicts(8, phi, noise, 0.3).steady).toBeLessThan(0.01);
    }
  });
});

it('says nothing about fewer than 8 windows, or about a run that completed nothing', () => {
  expect(steadiness([1, 1, 1, 1, 1, 1, 1])).toEqual({
    verdict: 'not-assessed',
    message: '7 windows; at least 8 are needed',
  });
  expect(steadiness([0, 0, 0, 0, 0, 0, 0, 0]).verdict).toBe('not-assessed');
  expect(steadiness([5, 5, 5, 5, 5, 5, 5, 5]).verdict).toBe('steady');
});
