import { joinStrings, splitStrings } from '../byte-elements.ts';
import { invalid, type ServingError } from '../errors.ts';
import { ELEMENT, elements } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** The field of InferTensorContents that carries each datatype. */
const FIELDS: Readonly<Partial<Record<Datatype, number>>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

const FIELD_NAMES = ['bool', 'int', 'int64', 'uint', 'uint64', 'fp32', 'fp64', 'bytes'];

type Fixed = Exclude<Datatype, 'BYTES'>;

/** Whether typed contents can carry it. */
export function hasTypedContents(datatype: Datatype): boolean {
  return FIELDS[datatype] !== undefined;
}

/** Typed contents as row-major little-endian bytes; throws an `invalid` ServingError where they are not the shape's. */
export function bytesFromContents(
  contents: Buffer,
  datatype: Datatype,
  shape: readonly number[],
  label: string,
): Uint8Array {
  const field = FIELDS[datatype];
  if (field === undefined) {
    throw invalid(`${label}: ${datatype} has no typed contents, give it in raw_input_contents`);
  }
  const count = elements(shape);
  // No element takes less than a byte: a few bytes with a huge shape must not get the memory for it.
  if (count > contents.length) {
    throw invalid(`${label}: its contents have ${contents.length} bytes, its shape needs ${count} elements`);
  }
  if (datatype === 'BYTES') return stringsFrom(contents, field, count, label);
  if (datatype === 'FP32' || datatype === 'FP64') return floatsFrom(contents, field, datatype, count, label);
  return integersFrom(contents, field, datatype, count, label);
}

function stringsFrom(contents: Buffer, field: number, count: number, label: string): Uint8Array {
  const found: Uint8Array[] = [];
  const reader = new ProtobufReader(contents);
  while (reader.next()) found.push(ownField(reader, field, label).bytes());
  if (found.length !== count) throw wrongCount(label, found.length, count);
  return joinStrings(found);
}

/** Packed floats are the tensor's bytes as they stand: one field of them is not copied. */
function floatsFrom(
  contents: Buffer,
  field: number,
  datatype: 'FP32' | 'FP64',
  count: number,
  label: string,
): Uint8Array {
  const width = ELEMENT[datatype].bytes;
  const found: Buffer[] = [];
  const reader = new ProtobufReader(contents);
  while (reader.next()) {
    ownField(reader, field, label);
    found.push(reader.isBytes ? reader.bytes() : reader.fixed(width));
  }
  const [only] = found;
  const bytes = only !== undefined && found.length === 1 ? only : Buffer.concat(found);
  if (bytes.length !== count * width) throw wrongCount(label, bytes.length / width, count);
  return bytes;
}

function integersFrom(
  contents: Buffer,
  field: number,
  datatype: Exclude<Fixed, 'FP32' | 'FP64'>,
  count: number,
  label: string,
): Uint8Array {
  const array = new ELEMENT[datatype].array(count);
  let found = 0;
  const put = (from: ProtobufReader): void => {
    if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
      const value = from.bits();
      if (found < count) array[found] = value;
    } else {
      const value = from.integer();
      if (found < count) {
        array[found] = value;
        const kept = array[found];
        // A bool is true however its 1 is written.
        if (datatype === 'BOOL') array[found] = value === 0 ? 0 : 1;
        else if (kept !== value) throw invalid(`${label}: element ${found} is ${value}, beyond ${datatype}`);
      }
    }
    found += 1;
  };
  const reader = new ProtobufReader(contents);
  while (reader.next()) {
    ownField(reader, field, label);
    if (!reader.isBytes) put(reader);
    else for (const packed = new ProtobufReader(reader.bytes()); !packed.isAtEnd; ) put(packed);
  }
  if (found !== count) throw wrongCount(label, found, count);
  return new Uint8Array(array.buffer);
}

function ownField(reader: ProtobufReader, field: number, label: string): ProtobufReader {
  if (reader.field === field) return reader;
  const found = FIELD_NAMES[reader.field - 1] ?? `field ${reader.field}`;
  throw invalid(`${label}: found ${found}_contents, this datatype is in ${FIELD_NAMES[field - 1]}_contents`);
}

function wrongCount(label: string, found: number, count: number): ServingError {
  return invalid(`${label}: its contents have ${found} elements, its shape needs ${count}`);
}

/** The InferTensorContents of a tensor that has them. */
export function contentsFromBytes({ datatype, data }: Tensor): Uint8Array {
  const field = FIELDS[datatype] ?? 0;
  const writer = new ProtobufWriter();
  if (datatype === 'BYTES') {
    for (const element of splitStrings(data)?.toReversed() ?? []) writer.bytes(field, element);
  } else if (datatype === 'FP32' || datatype === 'FP64') writer.bytes(field, data);
  else {
    writeIntegers(writer, datatype, data);
    writer.close(field, 0);
  }
  return writer.finish(0);
}

function writeIntegers(
  writer: ProtobufWriter,
  datatype: Exclude<Fixed, 'FP32' | 'FP64'>,
  data: Uint8Array,
): void {
  const { bytes, array: ArrayType } = ELEMENT[datatype];
  const aligned = data.byteOffset % bytes === 0 ? data : new Uint8Array(data);
  const values = new ArrayType(aligned.buffer as ArrayBuffer, aligned.byteOffset, data.byteLength / bytes);
  for (let at = values.length - 1; at >= 0; at--) {
    const value = values[at] ?? 0;
    if (typeof value === 'bigint' || value < 0) writer.bigVarint(BigInt(value));
    else writer.varint(value);
  }
}
