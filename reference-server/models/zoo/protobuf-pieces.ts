/**
 * Part of a protobuf message. Its length is known before its bytes are made, because a nested message is preceded by
 * its length: so a model's weights are generated while the file is written, one tensor at a time.
 */
export interface Piece {
  readonly length: number;
  bytes(): Iterable<Uint8Array>;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A non-negative whole number up to 2^53. */
export function integer(field: number, value: number): Piece {
  return fixed(Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)]));
}

export function float(field: number, value: number): Piece {
  const bits = new Uint8Array(new Float32Array([value]).buffer);
  return fixed(Uint8Array.from([...varint(field * 8 + FIXED32), ...bits]));
}

export function text(field: number, value: string): Piece {
  return nested(field, [fixed(new TextEncoder().encode(value))]);
}

export function message(field: number, ...parts: readonly Piece[]): Piece {
  return nested(field, parts);
}

/** `make` is called when the bytes are wanted, and must give `length` of them. */
export function blob(field: number, length: number, make: () => Uint8Array): Piece {
  return nested(field, [{ length, bytes: () => [make()] }]);
}

/** A message that nothing encloses: a file. */
export function* fileBytes(parts: readonly Piece[]): Generator<Uint8Array> {
  for (const part of parts) yield* part.bytes();
}

function nested(field: number, parts: readonly Piece[]): Piece {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Uint8Array.from([...varint(field * 8 + LENGTH_DELIMITED), ...varint(length)]);
  return {
    length: head.length + length,
    *bytes() {
      yield head;
      yield* fileBytes(parts);
    },
  };
}

function fixed(bytes: Uint8Array): Piece {
  return { length: bytes.length, bytes: () => [bytes] };
}

/** Seven bits a byte, lowest first, the top bit set on all but the last. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
