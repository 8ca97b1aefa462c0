import type { Buckets } from './buckets.ts';

/** Fewer batches say nothing about how batches differ. */
const LEAST_BATCHES = 6;

/**
 * How many successive requests carry the information of one: the variance of the share above `thresholdMs`, as seen
 * between batches of neighbours, over what it would be if requests were independent. At least 1.
 *
 * Batch means with a ratio estimator: batches differ in size, so each deviates by x_i - q n_i. Correlation that
 * reaches past one window shows only in longer batches, hence the largest answer over windows, pairs, fours, ...
 * Undefined with too few windows or nothing above the threshold.
 */
export function designEffect(windows: readonly Buckets[], thresholdMs: number): number | undefined {
  let batches = windows
    .filter((window) => window.count > 0)
    .map((window) => ({ n: window.count, late: window.countAboveMs(thresholdMs) }));
  if (batches.length < LEAST_BATCHES) return undefined;
  let effect = 1;
  while (batches.length >= LEAST_BATCHES) {
    const ofLength = varianceRatio(batches);
    if (ofLength === undefined) return undefined;
    effect = Math.max(effect, ofLength);
    batches = pairs(batches);
  }
  return effect;
}

interface Batch {
  readonly n: number;
  readonly late: number;
}

function varianceRatio(batches: readonly Batch[]): number | undefined {
  const k = batches.length;
  const n = batches.reduce((sum, batch) => sum + batch.n, 0);
  const q = batches.reduce((sum, batch) => sum + batch.late, 0) / n;
  if (q === 0 || q === 1) return undefined;
  const squares = batches.reduce((sum, batch) => sum + (batch.late - q * batch.n) ** 2, 0);
  return ((k / (k - 1)) * squares) / (n * q * (1 - q));
}

function pairs(batches: readonly Batch[]): Batch[] {
  const joined: Batch[] = [];
  for (let index = 0; index + 1 < batches.length; index += 2) {
    const [a, b] = [batches[index], batches[index + 1]];
    if (a !== undefined && b !== undefined) joined.push({ n: a.n + b.n, late: a.late + b.late });
  }
  return joined;
}
