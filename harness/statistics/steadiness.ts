import { correlationInflation, mean } from './series.ts';
import { studentT } from './student-t.ts';

/** Changes over the run within this share of the mean are called steady. */
const MARGIN = 0.1;
const LEAST_WINDOWS = 8;

export interface Steadiness {
  readonly verdict: 'steady' | 'unsteady' | 'not-assessed';
  readonly message: string;
}

/**
 * Did the figure hold over the run? A line through the windows; its change over the run as a share of the mean, with
 * an interval whose standard error allows for correlation between neighbours.
 *
 *             -10 %        0       +10 %
 *      ---------|----------+---------|---------
 *                   [ 90 % ]                        steady: shown to lie within
 *                                      [ 98 % ]     unsteady: shown to lie beyond
 *               [ ----------------- ]               not assessed: too noisy or too short to tell
 *
 * An equivalence test acquits, so noise can hardly make a drifting run "steady"; a conviction needs as much proof the
 * other way round, so that noise can hardly make a steady run "unsteady" either: 98 %, and more correlation between
 * neighbours than was seen (a wandering queue looks like a drift for a while). In between, the run
 * is neither: Poisson arrivals alone move 100 requests a window by 10 %, which is no fault of the server.
 * A test of "is the slope 0?" would call one steady run in ten unsteady.
 */
export function steadiness(values: readonly number[]): Steadiness {
  const n = values.length;
  if (n < LEAST_WINDOWS) {
    return { verdict: 'not-assessed', message: `${n} windows; at least ${LEAST_WINDOWS} are needed` };
  }
  const middle = mean(values);
  if (!(middle > 0)) return { verdict: 'not-assessed', message: 'nothing was completed' };
  const { change, error, cautiousError } = relativeChange(values, middle);
  const acquit = studentT(0.95, n - 2) * error;
  const convict = studentT(0.99, n - 2) * cautiousError;
  const between = `changes by ${percent(change - acquit)} to ${percent(change + acquit)} over the run`;
  if (Math.abs(change) + acquit <= MARGIN) return { verdict: 'steady', message: between };
  if (Math.abs(change) - convict > MARGIN) return { verdict: 'unsteady', message: between };
  return { verdict: 'not-assessed', message: `${between}: too short or too noisy to tell` };
}

/** Least squares: slope x span / mean, and its standard error; the cautious one grants one error more of correlation. */
function relativeChange(values: readonly number[], middle: number) {
  const n = values.length;
  const centre = (n - 1) / 2;
  let squares = 0;
  let products = 0;
  for (const [index, value] of values.entries()) {
    squares += (index - centre) ** 2;
    products += (index - centre) * (value - middle);
  }
  const slope = products / squares;
  const residuals = values.map((value, index) => value - middle - slope * (index - centre));
  const unexplained = residuals.reduce((sum, residual) => sum + residual ** 2, 0) / (n - 2);
  const errorWith = (inflation: number) =>
    (Math.sqrt((unexplained * inflation) / squares) * (n - 1)) / middle;
  return {
    change: (slope * (n - 1)) / middle,
    error: errorWith(correlationInflation(residuals)),
    cautiousError: errorWith(correlationInflation(residuals, 1)),
  };
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(0)} %`;
}
