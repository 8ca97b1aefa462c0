import { joinStrings, splitStrings } from '../byte-elements.ts';
import { ELEMENT, elements, type TensorSpec } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';
import { type Given, StepMisfit, type Unnamed } from './step.ts';

/** Elements as JavaScript has numbers. */
export type Numbers =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** The elements in row-major order; whole numbers of 64 bits as doubles, exact to 2^53. Neither FP16 nor BYTES. */
export function numbersOf({ datatype, data }: Tensor): Numbers {
  if (datatype === 'BYTES' || datatype === 'FP16') throw new Error(`${datatype} passed as numbers`);
  const { bytes, array: ArrayType } = ELEMENT[datatype];
  // Not data.slice(): that of a Buffer copies nothing.
  const aligned = data.byteOffset % bytes === 0 ? data : new Uint8Array(data);
  const values = new ArrayType(aligned.buffer as ArrayBuffer, aligned.byteOffset, data.byteLength / bytes);
  return values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values, Number)
    : values;
}

export function tensorOf(datatype: Datatype, shape: readonly number[], values: ArrayBufferView): Unnamed {
  return {
    datatype,
    shape,
    data: new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength),
  };
}

/** Whole numbers of 64 bits. */
export function wholeTensor(shape: readonly number[], values: ArrayLike<number>): Unnamed {
  const whole = new BigInt64Array(values.length);
  for (let at = 0; at < values.length; at++) whole[at] = BigInt(values[at] ?? 0);
  return tensorOf('INT64', shape, whole);
}

const decoder = new TextDecoder();

/** The elements of a BYTES tensor, as text: what is no UTF-8 becomes replacement characters. */
export function textsOf(tensor: Tensor): readonly string[] {
  return bytesOf(tensor).map((element) => decoder.decode(element));
}

export function bytesOf({ data }: Tensor): readonly Uint8Array[] {
  return splitStrings(data) ?? [];
}

export function textTensor(shape: readonly number[], texts: readonly string[]): Unnamed {
  return tensorOf('BYTES', shape, joinStrings(texts.map((text) => Buffer.from(text, 'utf8'))));
}

/** Elements of each row. */
export function rowSize({ shape }: Pick<Tensor, 'shape'>): number {
  return elements(shape.slice(1));
}

/** Throws a StepMisfit unless the step takes one tensor of numbers; gives it. */
export function numericInput(takes: readonly TensorSpec[]): TensorSpec {
  const input = onlyInput(takes);
  if (input.datatype === 'BYTES' || input.datatype === 'FP16') {
    throw new StepMisfit(`takes numbers, and '${input.name}' is ${input.datatype}`);
  }
  return input;
}

export function onlyInput(takes: readonly TensorSpec[]): TensorSpec {
  const [input] = takes;
  if (input === undefined) throw new Error('a step without an input was declared');
  return input;
}

/** Numbers per row in one dimension of a fixed size: what steps over columns take. */
export function columnsOf(input: TensorSpec): number {
  const [, columns = 1] = input.shape;
  if (input.shape.length > 2 || columns < 1) {
    const found = `[${input.shape}]`;
    throw new StepMisfit(`takes [rows, columns] with a fixed number of columns, '${input.name}' is ${found}`);
  }
  return columns;
}

/** FP64 stays so, other numbers become FP32. */
export function floatLike({ datatype }: Pick<TensorSpec, 'datatype'>): 'FP32' | 'FP64' {
  return datatype === 'FP64' ? 'FP64' : 'FP32';
}

export function newFloats(datatype: 'FP32' | 'FP64', length: number): Float32Array | Float64Array {
  return datatype === 'FP64' ? new Float64Array(length) : new Float32Array(length);
}

/** What `input` becomes element by element. */
export function sameShape({ shape }: TensorSpec, datatype: Datatype): Given {
  return { datatype, shape };
}
