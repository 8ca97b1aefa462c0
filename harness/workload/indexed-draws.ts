/**
 * Uniform in [0, 1) from a counter instead of a sequence: the same for the same salt and index, whoever asks and in
 * whatever order, so that generators agree without talking. Two 32-bit hashes (Wellons' lowbias32) give 53 bits.
 */
export function drawAt(salt: number, index: number): number {
  const low = index | 0;
  const high = Math.imul(Math.floor(index / 0x1_0000_0000), 0x9e3779b1);
  const first = mixed(mixed(low ^ salt) ^ high);
  const second = mixed(mixed((low + 0x6a09e667) ^ Math.imul(salt, 0x85ebca6b)) ^ high);
  return ((first >>> 5) * 0x400_0000 + (second >>> 6)) / 0x20_0000_0000_0000;
}

function mixed(word: number): number {
  let bits = word ^ (word >>> 16);
  bits = Math.imul(bits, 0x7feb352d);
  bits ^= bits >>> 15;
  bits = Math.imul(bits, 0x846ca68b);
  return bits ^ (bits >>> 16);
}

/** Which of several shares a draw falls into; the last takes what rounding leaves. Allocates nothing. */
export function pick(cumulative: Float64Array, draw: number): number {
  let at = 0;
  while (at < cumulative.length - 1 && draw >= (cumulative[at] ?? 1)) at += 1;
  return at;
}

export function cumulativeOf(shares: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(shares, (share) => {
    sum += share;
    return sum;
  });
}
