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
const OFFSET_AT = 8;
const RATIO_AT = 32;
const HEADER_BYTES = 40;

/** Wraps hdr-histogram-js's plain encoding (changed in place) so that other HdrHistogram readers understand it. */
export function compress(plain: Uint8Array): string {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  // hdr-histogram-js writes offset 1, which shifts every value by a bucket in the C reader, and a ratio of 5e-324.
  view.setInt32(OFFSET_AT, 0);
  view.setFloat64(RATIO_AT, 1);
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
export function layoutOf(plain: Uint8Array): { lowest: number; highest: number; digits: number } {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  return {
    digits: view.getInt32(12),
    lowest: Number(view.getBigInt64(16)),
    highest: Number(view.getBigInt64(24)),
  };
}
