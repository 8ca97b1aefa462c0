import { correlationInflation, mean, squaredDeviations } from './series.ts';
import { studentT } from './student-t.ts';

/**
 * 95 % interval of the mean of successive windows (a rate, say), widened for the correlation between neighbours.
 * Undefined with fewer than 3 windows.
 */
export function meanInterval(values: readonly number[]): { low: number; high: number } | undefined {
  const n = values.length;
  if (n < 3) return undefined;
  const middle = mean(values);
  const variance = (squaredDeviations(values) / (n - 1)) * correlationInflation(values);
  const half = studentT(0.975, n - 1) * Math.sqrt(variance / n);
  return { low: Math.max(0, middle - half), high: middle + half };
}
