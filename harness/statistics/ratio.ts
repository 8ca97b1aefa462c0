export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * after / before of two figures that were measured independently, with an interval from their own two 95 % intervals:
 * on a logarithmic scale, where a ratio is a difference, the distances of the ends add up like standard errors (MOVER:
 * Zou and Donner 2008). The worst combinations of the ends instead would hide half of the differences that are there.
 *
 *     ln low = ln ratio - hypot( ln(after / after.low), ln(before.high / before) ), and the other way round for high
 */
export function ratioInterval(before: Interval, after: Interval): Interval {
  const value = after.value / before.value;
  const down = Math.hypot(Math.log(after.value / after.low), Math.log(before.high / before.value));
  const up = Math.hypot(Math.log(after.high / after.value), Math.log(before.value / before.low));
  return { value, low: value * Math.exp(-down), high: value * Math.exp(up) };
}
