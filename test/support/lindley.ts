import { seededRandom } from '../../harness/load/random.ts';
import type { QueueLaw } from './truth-config.ts';
import { serviceMs } from './truth-law.ts';

/**
 * When each customer leaves a single-server queue, by Lindley's recursion in the form of departures:
 * D_k = max(D_k-1, A_k) + S_k. Arrivals in non-decreasing order, in milliseconds.
 */
export function departuresMs(arrivalsMs: readonly number[], law: QueueLaw): number[] {
  const random = seededRandom(law.seed);
  let leftAtMs = Number.NEGATIVE_INFINITY;
  return arrivalsMs.map((arrivedAtMs) => {
    leftAtMs = Math.max(leftAtMs, arrivedAtMs) + serviceMs(law, random);
    return leftAtMs;
  });
}

/** The least value that at least p % of the values do not exceed. */
export function exactPercentile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? Number.NaN;
}
