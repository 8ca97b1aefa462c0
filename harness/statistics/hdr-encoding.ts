import { deflateSync, inflateSync } from 'node:zlib';

/*
 * The standard HdrHistogram V2 encoding, base64 of:
 *
 *   compressed:  cookie 0x1c849314 | length | zlib( plain )
 *   plain:       cookie 0x1c849313 | payload length | normalizing offset | digits      (int32 each)
 *                lowest | highest (int64) | integer-to-double ratio (float64) | counts (ZigZag LEB128)
 *
 * https://github.com/HdrHistogram/HdrHistogram (AbstractHistogram.encodeIntoByteBuffer)
 */
const PLAIN_COOKIE = 0x1c849313;
const COMPRESSED_COOKIE = 0x1c849314;
const RATIO_AT = 32;
const HEADER_BYTES = 40;

/** What values a histogram was made for. */
export interface Layout {
  readonly lowest: number;
  readonly highest: number;
  readonly digits: number;
}

const LONGEST_COUNT_BYTES = 9;

/** The plain encoding of counts by bucket; what follows the last of them is empty. */
export function encodeCounts(counts: Uint32Array, { lowest, highest, digits }: Layout): Uint8Array {
  const plain = new Uint8Array(HEADER_BYTES + (counts.length + 1) * LONGEST_COUNT_BYTES);
  let at = HEADER_BYTES;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    let value = 2 * (counts[bucket] ?? 0);
    if (value === 0) {
      const first = bucket;
      while (counts[bucket + 1] === 0) bucket += 1;
      // A run of empty buckets is its length, negative.
      value = 2 * (bucket - first + 1) - 1;
    }
    at = putLeb128(plain, at, value);
  }
  const view = new DataView(plain.buffer);
  view.setInt32(0, PLAIN_COOKIE);
  view.setInt32(4, at - HEADER_BYTES);
  view.setInt32(12, digits);
  view.setBigInt64(16, BigInt(lowest));
  view.setBigInt64(24, BigInt(highest));
  view.setFloat64(RATIO_AT, 1);
  return plain.subarray(0, at);
}

/** `value`: already ZigZag coded. */
function putLeb128(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}

/** Base64 of a plain encoding, compressed. */
export function compress(plain: Uint8Array): string {
  const body = deflateSync(plain);
  const head = Buffer.alloc(8);
  head.writeInt32BE(COMPRESSED_COOKIE, 0);
  head.writeInt32BE(body.length, 4);
  return Buffer.concat([head, body]).toString('base64');
}

/** The inverse: the plain encoding, its cookies checked. Throws on anything else than V2 compressed. */
export function decompress(encoded: string): Uint8Array {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < 8 || bytes.readInt32BE(0) !== COMPRESSED_COOKIE) {
    throw new Error('not a base64 HdrHistogram in V2 compressed encoding');
  }
  const plain = inflateSync(bytes.subarray(8, 8 + bytes.readInt32BE(4)));
  if (plain.length < HEADER_BYTES || plain.readInt32BE(0) !== PLAIN_COOKIE) {
    throw new Error('an HdrHistogram whose inner encoding is not V2');
  }
  return plain;
}

/** What values the encoded histogram was made for. */
export function layoutOf(plain: Uint8Array): Layout {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  return {
    digits: view.getInt32(12),
    lowest: Number(view.getBigInt64(16)),
    highest: Number(view.getBigInt64(24)),
  };
}
