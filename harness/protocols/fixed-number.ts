/** Sign, 10 digits, point, 9 digits. */
export const NUMBER_WIDTH = 21;

const DECIMALS = 9;
const SCALE = 1e9;
const MOST = 9_999_999_999;
const SPACE = 32;
const ZERO = 48;

/**
 * Writes a JSON number of fixed width, padded with spaces (which JSON allows between elements) on the left. Whole
 * numbers have no decimals. Allocates nothing, which `String(value)` would. Beyond 10 digits it writes the limit.
 */
export function writeNumber(buffer: Buffer, at: number, value: number): void {
  const size = Math.min(Math.abs(value), MOST);
  let whole = Math.trunc(size);
  let fraction = Math.round((size - whole) * SCALE);
  if (fraction === SCALE) {
    whole += 1;
    fraction = 0;
  }
  const negative = value < 0 && (whole > 0 || fraction > 0);
  let position = at + NUMBER_WIDTH - 1;
  if (fraction > 0) {
    for (let digit = 0; digit < DECIMALS; digit++) {
      buffer[position--] = ZERO + (fraction % 10);
      fraction = Math.floor(fraction / 10);
    }
    buffer[position--] = 46;
  }
  do {
    buffer[position--] = ZERO + (whole % 10);
    whole = Math.floor(whole / 10);
  } while (whole > 0);
  if (negative) buffer[position--] = 45;
  while (position >= at) buffer[position--] = SPACE;
}
