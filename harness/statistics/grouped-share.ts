import { studentT } from './student-t.ts';

/**
 * A share with its 95 % interval, where cases of one group hang together and groups do not: the ratio of the sums, its
 * variance from how far each group is from it (Cochran, Sampling Techniques, 6.3: clusters of unequal sizes), Student's t
 * with one degree of freedom less than there are groups. Fewer than two groups bound nothing.
 */
export function groupedShare(
  counts: readonly number[],
  sizes: readonly number[],
): { readonly value: number; readonly low: number; readonly high: number } {
  const groups = sizes.flatMap((size, at) => (size > 0 ? [{ size, count: counts[at] ?? 0 }] : []));
  const total = groups.reduce((sum, { size }) => sum + size, 0);
  if (total === 0) return { value: 0, low: 0, high: 1 };
  const value = groups.reduce((sum, { count }) => sum + count, 0) / total;
  const n = groups.length;
  if (n < 2) return { value, low: 0, high: 1 };
  const squares = groups.reduce((sum, { count, size }) => sum + (count - value * size) ** 2, 0);
  const half = (studentT(0.975, n - 1) * Math.sqrt((squares * n) / (n - 1))) / total;
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}
