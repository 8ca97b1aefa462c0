/**
 * The buckets of an HdrHistogram with 3 digits from 1 µs on: exact up to 2047, then 1024 buckets for each doubling.
 *
 *     shift  = how far a value must be shifted to fit into 11 bits
 *     bucket = shift x 1024 + (value >> shift)
 *
 * https://github.com/HdrHistogram/HdrHistogram (AbstractHistogram.countsArrayIndex)
 */
const HALF = 1024;
const MASK = 2047;
const SHIFT_BITS = 10;
/** 32 bits less the 11 that a bucket keeps. */
const SHIFTS = 21;

/** One hour. */
export const HIGHEST_US = 3_600_000_000;
export const BUCKETS = bucketOf(HIGHEST_US) + 1;

/** `us`: whole, 0 to HIGHEST_US (which is below 2^32). */
export function bucketOf(us: number): number {
  const shift = SHIFTS - Math.clz32(us | MASK);
  return (shift << SHIFT_BITS) + (us >>> shift);
}

export function lowestOf(bucket: number): number {
  const shift = Math.max(0, (bucket >> SHIFT_BITS) - 1);
  return (bucket - shift * HALF) * 2 ** shift;
}

export function highestOf(bucket: number): number {
  return lowestOf(bucket + 1) - 1;
}
