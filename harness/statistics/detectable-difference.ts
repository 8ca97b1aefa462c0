/** z(0.975) + z(0.8): two-sided 5 %, power 0.8. */
const SIZE = 1.96 + 0.842;

/**
 * The smallest difference of p99, in percent, that two runs of n independent requests each would show with power 0.8.
 *
 * The relative standard error of a sample quantile is sqrt(p (1 - p) / n) / (f(q) q); with an exponential tail, which
 * waiting times have, f(q) q = (1 - p) ln(1 / (1 - p)). Two runs: times sqrt 2. Heavier tails see less.
 */
export function smallestDifferencePct(n: number): number {
  const p = 0.99;
  const relativeError = Math.sqrt(p / ((1 - p) * n)) / Math.log(1 / (1 - p));
  return 100 * SIZE * Math.SQRT2 * relativeError;
}
