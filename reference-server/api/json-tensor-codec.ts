import { joinStrings, splitStrings } from '../byte-elements.ts';
import { invalid, ServingError } from '../errors.ts';
import { type NumericDatatype, valuesOf } from '../execution/tensor-values.ts';
import { ELEMENT, elements as elementCount } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';

/** JSON data, flat or nested as the shape says, to row-major little-endian bytes. */
export function bytesFromJson(
  data: unknown,
  datatype: Datatype,
  shape: readonly number[],
  label: string,
): Uint8Array {
  const elements = flatten(data, shape, label);
  if (datatype === 'BOOL') return booleanBytes(elements, label);
  if (datatype === 'BYTES') return stringBytes(elements, label);
  if (datatype === 'FP16')
    throw invalid(`${label}: FP16 cannot be given as JSON, use the binary tensor extension`);
  const array =
    datatype in INTEGERS ? integers(elements, datatype, label) : floats(elements, datatype, label);
  return new Uint8Array(array.buffer);
}

/** The JSON text of a tensor's data, flat. Throws where JSON cannot carry it. */
export function jsonFromBytes(tensor: Tensor): string {
  const { name, datatype, data } = tensor;
  if (datatype === 'FP16') {
    throw invalid(`output '${name}': FP16 cannot be given as JSON, ask for "binary_data"`);
  }
  if (datatype === 'BOOL') return `[${Array.from(data, (byte) => byte !== 0).join(',')}]`;
  if (datatype === 'BYTES') return jsonStrings(name, data);
  const array = valuesOf(datatype, data);
  if (!(datatype in INTEGERS) && !(array as Float32Array).every(Number.isFinite)) {
    throw new ServingError(
      'unsupported',
      `output '${name}' holds a value that JSON cannot carry (infinite or not a number), ask for "binary_data"`,
    );
  }
  return `[${array.join(',')}]`;
}

const INTEGERS: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  UINT8: [0n, 0xffn],
  INT8: [-0x80n, 0x7fn],
  UINT16: [0n, 0xffffn],
  INT16: [-0x8000n, 0x7fffn],
  UINT32: [0n, 0xffff_ffffn],
  INT32: [-0x8000_0000n, 0x7fff_ffffn],
  UINT64: [0n, 0xffff_ffff_ffff_ffffn],
  INT64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

/** The elements in row-major order. Nested data must nest exactly as the shape does. */
function flatten(data: unknown, shape: readonly number[], label: string): readonly unknown[] {
  if (!Array.isArray(data)) throw invalid(`${label}: data must be an array, found ${describe(data)}`);
  const count = elementCount(shape);
  if (!Array.isArray(data[0])) {
    if (data.length !== count) {
      throw invalid(`${label}: data has ${data.length} elements, shape [${shape}] needs ${count}`);
    }
    return data;
  }
  const flat: unknown[] = [];
  const descend = (part: unknown, depth: number): void => {
    if (depth === shape.length) {
      flat.push(part);
    } else if (!Array.isArray(part) || part.length !== shape[depth]) {
      const found = Array.isArray(part) ? `${part.length} elements` : describe(part);
      throw invalid(
        `${label}: data nests ${found} at depth ${depth}, shape [${shape}] needs ${shape[depth]}`,
      );
    } else {
      for (const child of part) descend(child, depth + 1);
    }
  };
  descend(data, 0);
  return flat;
}

function floats(elements: readonly unknown[], datatype: Datatype, label: string) {
  const array = datatype === 'FP32' ? new Float32Array(elements.length) : new Float64Array(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index];
    if (typeof element !== 'number') throw wrongElement(label, index, element, 'a number');
    array[index] = element;
    if (!Number.isFinite(array[index])) throw wrongElement(label, index, element, `within ${datatype}`);
  }
  return array;
}

function integers(elements: readonly unknown[], datatype: Datatype, label: string) {
  const [low, high] = INTEGERS[datatype] ?? [0n, 0n];
  const array = new ELEMENT[datatype as NumericDatatype].array(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index];
    if (typeof element !== 'number' || !Number.isSafeInteger(element)) {
      throw wrongElement(label, index, element, 'a whole number (beyond 2^53 only in binary)');
    }
    if (element < low || element > high) throw wrongElement(label, index, element, `from ${low} to ${high}`);
    array[index] =
      array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(element) : element;
  }
  return array;
}

function booleanBytes(elements: readonly unknown[], label: string): Uint8Array {
  return Uint8Array.from(elements, (element, index) => {
    if (typeof element !== 'boolean') throw wrongElement(label, index, element, 'true or false');
    return element ? 1 : 0;
  });
}

function stringBytes(elements: readonly unknown[], label: string): Uint8Array {
  const encoded = elements.map((element, index) => {
    if (typeof element !== 'string') throw wrongElement(label, index, element, 'a string');
    return Buffer.from(element, 'utf8');
  });
  return joinStrings(encoded);
}

function jsonStrings(name: string, data: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return JSON.stringify(splitStrings(data)?.map((element) => decoder.decode(element)) ?? []);
  } catch (error) {
    const message = `output '${name}' holds bytes that are not UTF-8, ask for "binary_data"`;
    throw new ServingError('unsupported', message, { cause: error });
  }
}

function wrongElement(label: string, index: number, found: unknown, expected: string): ServingError {
  return invalid(`${label}: element ${index} is ${describe(found)}, expected ${expected}`);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
}
