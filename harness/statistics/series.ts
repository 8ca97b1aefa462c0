export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sum of squared deviations from the mean. */
export function squaredDeviations(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

/**
 * By how much correlation between neighbours widens the variance of a mean: (1 + r) / (1 - r), r the lag-1
 * autocorrelation, corrected for its bias in short series (about -(1 + 4 r) / n, Marriott and Pope 1954).
 * Never below 1: negative correlation is not credited. `errors` standard errors (Bartlett) are added to the estimate,
 * for whoever needs to be safe against a correlation that a short series does not show.
 */
export function correlationInflation(residuals: readonly number[], errors = 0): number {
  const n = residuals.length;
  const total = squaredDeviations(residuals);
  if (n < 3 || total === 0) return 1;
  const middle = mean(residuals);
  let lagged = 0;
  for (let index = 1; index < n; index++) {
    lagged += ((residuals[index] ?? 0) - middle) * ((residuals[index - 1] ?? 0) - middle);
  }
  const raw = lagged / total;
  const unbiased = raw + (1 + 4 * raw) / n + errors * Math.sqrt((1 - raw * raw) / n);
  const corrected = Math.min(0.9, Math.max(0, unbiased));
  return (1 + corrected) / (1 - corrected);
}
