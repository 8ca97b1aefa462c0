import { binaryMisfit } from '../api/datatypes.ts';
import { ELEMENT } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';
import type { Answer } from './answer-store.ts';

/** Every answer begins so; the digit is that of the layout. */
const MARK = Buffer.from('IFA2', 'latin1');
const BEGAN_AT = MARK.length;
const LENGTH_AT = BEGAN_AT + 8;
const HEAD_AT = LENGTH_AT + 4;

export interface WrittenAnswer {
  readonly outputs: Answer;
  /** When its computation began, in milliseconds since 1970. */
  readonly beganAtEpochMs: number;
}

type Described = readonly [name: string, datatype: Datatype, shape: readonly number[], bytes: number];

/**
 * An answer as bytes, numbers little-endian: `IFA2`; when its computation began, a double; the length of the head in four
 * bytes; the head, a JSON text that has name, datatype, shape and length of each tensor; then the tensors' bytes.
 */
export function writeAnswer({ outputs, beganAtEpochMs }: WrittenAnswer): Buffer {
  const described = outputs.map(({ name, datatype, shape, data }) => [
    name,
    datatype,
    shape,
    data.byteLength,
  ]);
  const head = Buffer.from(JSON.stringify(described), 'utf8');
  const numbers = Buffer.alloc(HEAD_AT - BEGAN_AT);
  numbers.writeDoubleLE(beganAtEpochMs);
  numbers.writeUInt32LE(head.byteLength, LENGTH_AT - BEGAN_AT);
  return Buffer.concat([MARK, numbers, head, ...outputs.map(({ data }) => data)]);
}

/** The answer; undefined where the bytes are not one, whole and of this layout. */
export function readAnswer(bytes: Buffer): WrittenAnswer | undefined {
  if (bytes.byteLength < HEAD_AT || !bytes.subarray(0, MARK.length).equals(MARK)) return undefined;
  const dataAt = HEAD_AT + bytes.readUInt32LE(LENGTH_AT);
  if (dataAt > bytes.byteLength) return undefined;
  const described = readHead(bytes.toString('utf8', HEAD_AT, dataAt));
  if (described === undefined) return undefined;
  let at = dataAt;
  const outputs = described.map(([name, datatype, shape, length]): Tensor => {
    // A copy of its own begins where an element of any size may.
    const data = new Uint8Array(bytes.subarray(at, at + length));
    at += length;
    return { name, datatype, shape, data };
  });
  const fits = outputs.every(
    ({ data, datatype, shape }) => binaryMisfit(data, datatype, shape) === undefined,
  );
  const beganAtEpochMs = bytes.readDoubleLE(BEGAN_AT);
  const isWhole = at === bytes.byteLength && fits && Number.isFinite(beganAtEpochMs);
  return isWhole ? { outputs, beganAtEpochMs } : undefined;
}

function readHead(text: string): readonly Described[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isDescribed) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDescribed(value: unknown): value is Described {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [name, datatype, shape, length] = value;
  return (
    typeof name === 'string' &&
    (datatype === 'BYTES' || Object.hasOwn(ELEMENT, datatype)) &&
    Array.isArray(shape) &&
    [...shape, length].every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}
