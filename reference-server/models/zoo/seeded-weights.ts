/** Standard deviation of the odd integers -255 … 255, equally likely: sqrt((256² - 1) / 3). */
const ODD_BYTE_DEVIATION = Math.sqrt((256 * 256 - 1) / 3);

/**
 * Fills `out` with seeded numbers of mean zero and a standard deviation within 1 % of `deviation`.
 *
 * Each is (an odd integer of at most 255) x (an integer below 128) x (a power of two), so float32 holds it exactly, no
 * rounding enters, and the bytes are the same on every machine.
 */
export function fillSeeded(out: Float32Array, seed: number, deviation: number): void {
  const step = exactStep(deviation / ODD_BYTE_DEVIATION);
  let state = scramble(seed);
  for (let i = 0; i < out.length; i++) {
    if ((i & 3) === 0) state = xorshift(state);
    const byte = (state >>> ((i & 3) * 8)) & 255;
    out[i] = (2 * byte - 255) * step;
  }
}

/** The nearest number to `wanted` that is an integer in 64 … 128 times a power of two. */
function exactStep(wanted: number): number {
  let power = 1;
  while (wanted < 64 * power) power /= 2;
  while (wanted >= 128 * power) power *= 2;
  return Math.round(wanted / power) * power;
}

/** Marsaglia's 32-bit xorshift (13, 17, 5); never reaches 0 from another state. */
function xorshift(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

/** Spreads small neighbouring seeds over the 32-bit states (the finaliser of MurmurHash3); never 0. */
function scramble(seed: number): number {
  let x = seed + 0x9e3779b9;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 1;
}
