import type { ExpectedTensor } from '../workload/workload.ts';
import { LENGTH_DELIMITED } from './protobuf-bytes.ts';
import { ProtobufScan } from './protobuf-scan.ts';
import { ELEMENT_BYTES, readElements } from './tensor-bytes.ts';
import { CONTENTS_FIELD } from './typed-contents.ts';

interface Output {
  readonly name: string;
  readonly datatype: string;
  /** An InferTensorContents. */
  readonly contents: Buffer | undefined;
}

/**
 * The outputs of a whole answer that are numbers, typed or raw; texts are left out. Undefined when it is no answer that
 * can be read.
 */
export function oipGrpcOutputs(message: Buffer, isStreamed: boolean): readonly ExpectedTensor[] | undefined {
  const response = isStreamed ? fieldsOf(message)?.get(2)?.[0] : message;
  const fields = response === undefined ? undefined : fieldsOf(response);
  if (fields === undefined) return undefined;
  const raw = fields.get(6) ?? [];
  const found: ExpectedTensor[] = [];
  for (const [position, bytes] of (fields.get(5) ?? []).entries()) {
    const output = outputOf(bytes);
    if (output === undefined) return undefined;
    const values = valuesOf(output, raw[position]);
    if (values !== undefined) found.push({ name: output.name, values });
  }
  return found;
}

/** The fields of bytes, in order; undefined for what is no message. */
function fieldsOf(message: Buffer): Map<number, Buffer[]> | undefined {
  const fields = new Map<number, Buffer[]>();
  const scan = new ProtobufScan();
  scan.start(message, 0, message.length, message.length);
  while (scan.next()) {
    const bytes = message.subarray(scan.from, scan.to);
    fields.set(scan.field, [...(fields.get(scan.field) ?? []), bytes]);
  }
  return scan.isBroken ? undefined : fields;
}

function outputOf(bytes: Buffer): Output | undefined {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return undefined;
  const text = (field: number): string => fields.get(field)?.at(-1)?.toString() ?? '';
  return { name: text(1), datatype: text(2), contents: fields.get(5)?.at(-1) };
}

function valuesOf({ datatype, contents }: Output, raw: Buffer | undefined): Float64Array | undefined {
  const width = ELEMENT_BYTES.get(datatype);
  if (width === undefined) return undefined;
  if (raw !== undefined) return raw.length % width === 0 ? readElements(datatype, raw) : undefined;
  return contents === undefined ? undefined : typedValues(datatype, contents);
}

function typedValues(datatype: string, contents: Buffer): Float64Array {
  const wanted = CONTENTS_FIELD.get(datatype);
  const isFloat = datatype.startsWith('FP');
  const values: number[] = [];
  const scan = new ProtobufScan();
  const elements = new ProtobufScan();
  scan.start(contents, 0, contents.length, contents.length);
  elements.start(contents, 0, contents.length, contents.length);
  while (scan.next()) {
    if (scan.field !== wanted) continue;
    if (isFloat) {
      const floats = readElements(datatype, contents.subarray(scan.from, scan.to));
      for (const value of floats) values.push(value);
    } else if (scan.wireType !== LENGTH_DELIMITED) values.push(elements.number(scan.from));
    else for (let at = scan.from; at < scan.to; at = elements.numberEnd) values.push(elements.number(at));
  }
  return Float64Array.from(values);
}
