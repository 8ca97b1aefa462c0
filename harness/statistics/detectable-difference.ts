import { studentT } from './student-t.ts';

const P = 0.99;
const Z = studentT(0.975, Number.POSITIVE_INFINITY);
/** z(0.8): the power. */
const POWER = 0.842;
/** The design effect that intervals grant themselves where requests are independent: about 2, hardly ever above this. */
const GRANTED = 3.5;

/**
 * The smallest difference of p99, in percent, that two runs of n independent requests each show 8 times in 10 when
 * `ratioInterval` compares them. Undefined: so few that p99 has no upper end, and no difference shows.
 *
 * With an exponential tail, which waiting times have, q = ln(1 / (1 - p)), and a rank that is off by k of the n (1 - p)
 * late requests moves q by ln(1 - k / (n (1 - p))). Each interval reaches k = z sqrt(d n (1 - p)) ranks either way; to
 * the reach of the ratio comes the power times the standard error of two independent quantiles. Heavier tails see less.
 */
export function smallestDifferencePct(n: number): number | undefined {
  const q = Math.log(1 / (1 - P));
  const reach = Z * Math.sqrt(GRANTED / (n * (1 - P)));
  if (reach >= 1) return undefined;
  const up = Math.log(1 - Math.log(1 - reach) / q);
  const down = -Math.log(1 - Math.log(1 + reach) / q);
  const error = Math.sqrt(P / ((1 - P) * n)) / q;
  return 100 * (Math.exp(Math.hypot(up, down) + POWER * Math.SQRT2 * error) - 1);
}
