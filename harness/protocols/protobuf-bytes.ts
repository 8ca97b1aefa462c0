/** Pieces of protobuf messages, for requests that are written before the clock. */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** The most bytes that a 64-bit number takes, and any negative one does. */
export const WIDEST_VARINT = 10;

/** A field of bytes, of a text, or of a nested message. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([bytesStart(field, bytes.length), bytes]);
}

/** What stands before the bytes of such a field. */
export function bytesStart(field: number, length: number): Buffer {
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(length)]);
}

/** Whole numbers, one after another without tags. */
export function packedVarints(values: Iterable<number>): Buffer {
  return Buffer.concat(Array.from(values, (value) => varint(value)));
}

/** Seven bits a byte, lowest first; a negative number as its 64 bits. */
export function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/**
 * Writes a whole number in ten bytes, more than it needs as a rule: every reader of protobuf takes the zeros at its end.
 * Exact from -2^53 to 2^53. Allocates nothing.
 */
export function writeWideVarint(buffer: Buffer, at: number, value: number): void {
  let rest = Math.trunc(value);
  for (let position = at; position < at + WIDEST_VARINT - 1; position++) {
    const next = Math.floor(rest / 128);
    buffer[position] = 128 + (rest - next * 128);
    rest = next;
  }
  // The last byte holds the sign alone: bit 63 of the number.
  buffer[at + WIDEST_VARINT - 1] = value < 0 ? 1 : 0;
}
