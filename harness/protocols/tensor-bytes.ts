import { halfValue } from '../half-float.ts';

/** Bytes of one element of each datatype of fixed size. */
export const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['UINT8', 1],
  ['INT8', 1],
  ['UINT16', 2],
  ['INT16', 2],
  ['FP16', 2],
  ['UINT32', 4],
  ['INT32', 4],
  ['FP32', 4],
  ['UINT64', 8],
  ['INT64', 8],
  ['FP64', 8],
]);

/** Row-major, little-endian, without padding. */
export function tensorBytes(datatype: string, values: Float64Array): Buffer {
  const width = ELEMENT_BYTES.get(datatype) ?? 1;
  const bytes = Buffer.alloc(values.length * width);
  for (let at = 0; at < values.length; at++) writeElement(datatype, bytes, at * width, values[at] ?? 0);
  return bytes;
}

/** The other way round: numbers out of such bytes. */
export function readElements(datatype: string, bytes: Buffer): Float64Array {
  const width = ELEMENT_BYTES.get(datatype) ?? 1;
  return Float64Array.from({ length: bytes.length / width }, (_, at) =>
    readElement(datatype, bytes, at * width),
  );
}

function readElement(datatype: string, bytes: Buffer, at: number): number {
  switch (datatype) {
    case 'FP32':
      return bytes.readFloatLE(at);
    case 'FP64':
      return bytes.readDoubleLE(at);
    case 'FP16':
      return halfValue(bytes.readUInt16LE(at));
    case 'INT64':
      return Number(bytes.readBigInt64LE(at));
    case 'UINT64':
      return Number(bytes.readBigUInt64LE(at));
    case 'INT32':
      return bytes.readInt32LE(at);
    case 'UINT32':
      return bytes.readUInt32LE(at);
    case 'INT16':
      return bytes.readInt16LE(at);
    case 'UINT16':
      return bytes.readUInt16LE(at);
    case 'INT8':
      return bytes.readInt8(at);
    default:
      return bytes[at] ?? 0;
  }
}

/** Writes one element; whole numbers are truncated. */
export function writeElement(datatype: string, buffer: Buffer, at: number, value: number): void {
  switch (datatype) {
    case 'FP32':
      buffer.writeFloatLE(value, at);
      return;
    case 'FP64':
      buffer.writeDoubleLE(value, at);
      return;
    case 'FP16':
      buffer.writeUInt16LE(halfBits(value), at);
      return;
    case 'UINT64':
    case 'INT64':
      writeInt64(buffer, at, Math.trunc(value));
      return;
    case 'UINT32':
    case 'INT32':
      buffer.writeUInt32LE(Math.trunc(value) >>> 0, at);
      return;
    case 'UINT16':
    case 'INT16':
      buffer.writeUInt16LE(Math.trunc(value) & 0xffff, at);
      return;
    default:
      buffer[at] = Math.trunc(value) & 0xff;
  }
}

/** Two's complement from a double, without a BigInt. */
function writeInt64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeUInt32LE(value - high * 0x1_0000_0000, at);
  buffer.writeUInt32LE(high >>> 0, at + 4);
}

/** IEEE 754 binary16, rounded to nearest even; above 65504 the largest finite value, never infinity. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.min(Math.abs(value), 65504);
  if (size < 2 ** -14) return sign | roundedToEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  const mantissa = roundedToEven((size / 2 ** exponent) * 1024);
  // A mantissa rounded up to 2048 carries into the exponent by itself.
  return sign | (((exponent + 14) << 10) + mantissa);
}

function roundedToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
