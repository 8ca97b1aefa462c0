import { binomialCdf } from './binomial.ts';

/** A run of the needed length that meets a bound has been wrong about it at most this often. */
const ERROR = 0.01;

/**
 * The least number of independent requests with which a run that had `late` over-latency ones proves percentile `p`
 * (0.99 for p99) at confidence 0.99: MLPerf LoadGen's early stopping. Least h with I_p(h, late + 1) <= 0.01, plus late.
 *
 * I_p(h, t + 1) is the probability that at most t of h + t requests are late when a share 1 - p is late in truth.
 * There is no bound on `late` in the search.
 */
export function samplesNeeded(p: number, late = 0): number {
  const proves = (n: number) => binomialCdf(late, n, 1 - p) <= ERROR;
  let high = late + 1;
  while (!proves(high)) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (proves(middle)) high = middle;
    else low = middle;
  }
  return high;
}
