/** ln Γ(x) for x >= 1, by Stirling's series after shifting x above 16: within 1e-13. */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 16; y++) shift -= Math.log(y);
  const inverse = 1 / y;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return shift + (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series;
}

function logMass(k: number, n: number, p: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) + k * Math.log(p) + (n - k) * Math.log1p(-p);
}

/**
 * P(X <= k) of a binomial X over n trials of probability p, 0 < p < 1.
 * Sums the mass from 12 standard deviations below the mean on, which leaves out less than 1e-30.
 */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  const spread = 12 * Math.sqrt(n * p * (1 - p)) + 12;
  const from = Math.max(0, Math.floor(Math.min(k, n * p) - spread));
  let term = Math.exp(logMass(from, n, p));
  let sum = term;
  for (let i = from; i < k; i++) {
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
    sum += term;
    if (term < sum * 1e-18 && i > n * p) break;
  }
  return Math.min(1, sum);
}

/** The least k with P(X <= k) >= probability. */
export function binomialQuantile(probability: number, n: number, p: number): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (binomialCdf(middle, n, p) >= probability) high = middle;
    else low = middle + 1;
  }
  return low;
}
