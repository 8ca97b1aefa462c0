import { binaryMisfit } from '../api/datatypes.ts';
import { ELEMENT } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';
import type { Answer } from './answer-store.ts';

/** Every answer begins so; the digit is that of the layout. */
const MARK = Buffer.from('IFA1', 'latin1');
const HEAD_AT = MARK.length + 4;

type Described = readonly [name: string, datatype: Datatype, shape: readonly number[], bytes: number];

/**
 * An answer as bytes: `IFA1`, the length of the head in four bytes, little-endian; the head, a JSON text that has
 * name, datatype, shape and length of each tensor; then the tensors' bytes.
 */
export function writeAnswer(answer: Answer): Buffer {
  const described = answer.map(({ name, datatype, shape, data }) => [name, datatype, shape, data.byteLength]);
  const head = Buffer.from(JSON.stringify(described), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.byteLength);
  return Buffer.concat([MARK, length, head, ...answer.map(({ data }) => data)]);
}

/** The answer; undefined where the bytes are not one, whole and of this layout. */
export function readAnswer(bytes: Buffer): Answer | undefined {
  if (bytes.byteLength < HEAD_AT || !bytes.subarray(0, MARK.length).equals(MARK)) return undefined;
  const dataAt = HEAD_AT + bytes.readUInt32LE(MARK.length);
  if (dataAt > bytes.byteLength) return undefined;
  const described = readHead(bytes.toString('utf8', HEAD_AT, dataAt));
  if (described === undefined) return undefined;
  let at = dataAt;
  const answer = described.map(([name, datatype, shape, length]): Tensor => {
    // A copy of its own begins where an element of any size may.
    const data = new Uint8Array(bytes.subarray(at, at + length));
    at += length;
    return { name, datatype, shape, data };
  });
  const fits = answer.every(({ data, datatype, shape }) => binaryMisfit(data, datatype, shape) === undefined);
  return at === bytes.byteLength && fits ? answer : undefined;
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
