import { z } from 'zod';
import { invalid } from '../../errors.ts';
import { ELEMENT, elements, type FixedDatatype, type TensorSpec } from '../../execution/tensors.ts';
import { DATATYPES, type Tensor } from '../../infer.ts';
import { columnsAlong } from '../elementwise.ts';
import { StepMisfit, stepKind, type Unnamed } from '../step.ts';
import { numbersOf, numericInput, onlyInput, rowSize, tensorOf } from '../tensor-values.ts';

function fixedInput(takes: readonly TensorSpec[]): TensorSpec & { readonly datatype: FixedDatatype } {
  const input = onlyInput(takes);
  const { datatype } = input;
  if (datatype === 'BYTES') throw new StepMisfit(`does not take BYTES, which '${input.name}' is`);
  return { ...input, datatype };
}

/** Some of the columns along an axis, in the order in which they are named: feature selection. */
export const select = stepKind({
  fields: { columns: z.array(z.int().min(0)).min(1), axis: z.int().min(1).optional() },
  fit({ columns, axis }, { takes }) {
    const input = fixedInput(takes);
    const along = columnsAlong(input, axis);
    if (along.axis === 0 || along.count < 1) throw new StepMisfit('needs a dimension of a fixed size');
    if (columns.some((column) => column >= along.count)) {
      throw new StepMisfit(`columns: '${input.name}' has those from 0 to ${along.count - 1}`);
    }
    const shape = input.shape.map((size, at) => (at === along.axis ? columns.length : size));
    const { bytes } = ELEMENT[input.datatype];
    return {
      gives: [{ datatype: input.datatype, shape }],
      run([given]) {
        const tensor = given as Tensor;
        const run = elements(tensor.shape.slice(along.axis + 1)) * bytes;
        const from = along.count * run;
        const outer = tensor.data.byteLength / from;
        const made = new Uint8Array(outer * columns.length * run);
        let at = 0;
        for (let block = 0; block < outer; block++) {
          for (const column of columns) {
            const start = block * from + column * run;
            made.set(tensor.data.subarray(start, start + run), at);
            at += run;
          }
        }
        const size = tensor.shape.map((old, position) => (position === along.axis ? columns.length : old));
        return [tensorOf(input.datatype, size, made)];
      },
    };
  },
});

/** Several tensors of one datatype side by side, column after column. */
export const join = stepKind({
  takesSeveral: true,
  fields: {},
  fit(_, { takes }) {
    const inputs = takes.map((each) => fixedInput([each]));
    const [first] = inputs;
    if (first === undefined || inputs.some(({ datatype }) => datatype !== first.datatype)) {
      const found = takes.map(({ name, datatype }) => `'${name}' ${datatype}`).join(', ');
      throw new StepMisfit(`takes one datatype, found ${found}`);
    }
    const wide = inputs.find(({ shape }) => shape.length !== 2 || (shape[1] ?? -1) < 1);
    if (wide !== undefined) {
      throw new StepMisfit(`takes [rows, columns] with fixed columns, '${wide.name}' is [${wide.shape}]`);
    }
    const columns = inputs.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
    const { bytes } = ELEMENT[first.datatype];
    return {
      gives: [{ datatype: first.datatype, shape: [first.shape[0] ?? -1, columns] }],
      run(tensors) {
        const rows = tensors[0]?.shape[0] ?? 0;
        const made = new Uint8Array(rows * columns * bytes);
        let at = 0;
        for (let row = 0; row < rows; row++) {
          for (const tensor of tensors) {
            const size = rowSize(tensor) * bytes;
            made.set(tensor.data.subarray(row * size, (row + 1) * size), at);
            at += size;
          }
        }
        return [tensorOf(first.datatype, [rows, columns], made)];
      },
    };
  },
});

/** The dimensions after the rows in another order: [3, 1, 2] puts the channels of an image first. */
export const transpose = stepKind({
  fields: { order: z.array(z.int().min(1)).min(1) },
  fit({ order }, { takes }) {
    const input = numericInput(takes);
    const all = input.shape.slice(1).map((_, at) => at + 1);
    if ([...order].sort((a, b) => a - b).join() !== all.join()) {
      throw new StepMisfit(`order: must hold each of ${all.join(', ')} once`);
    }
    return {
      gives: [{ datatype: input.datatype, shape: permuted(input.shape, order) }],
      run: ([tensor]) => [transposed(tensor as Tensor, order)],
    };
  },
});

function permuted(shape: readonly number[], order: readonly number[]): readonly number[] {
  return [shape[0] ?? -1, ...order.map((at) => shape[at] ?? 1)];
}

function transposed(tensor: Tensor, order: readonly number[]): Unnamed {
  const { shape, data } = tensor;
  const { bytes } = ELEMENT[tensor.datatype as FixedDatatype];
  const strides = shape.map((_, at) => elements(shape.slice(at + 1)));
  const size = permuted(shape, order);
  const steps = [strides[0] ?? 0, ...order.map((at) => strides[at] ?? 0)];
  const made = new Uint8Array(data.byteLength);
  // As words, of which an element of 64 bits has two.
  const [from, to] = [wordsOf(data, bytes), wordsOf(made, bytes)];
  const words = from.length / elements(shape);
  let at = 0;
  const copy = (axis: number, start: number): void => {
    const step = (steps[axis] ?? 0) * words;
    const end = start + (size[axis] ?? 0) * step;
    const isLast = axis === size.length - 1;
    for (let place = start; place < end; place += step) {
      if (!isLast) copy(axis + 1, place);
      else for (let word = 0; word < words; word++) to[at++] = from[place + word] ?? 0;
    }
  };
  copy(0, 0);
  return tensorOf(tensor.datatype, size, made);
}

function wordsOf(data: Uint8Array, bytes: number): Uint8Array | Uint16Array | Uint32Array {
  if (bytes === 1) return data;
  const ArrayType = bytes === 2 ? Uint16Array : Uint32Array;
  const aligned = data.byteOffset % bytes === 0 ? data : data.slice();
  return new ArrayType(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    data.byteLength / ArrayType.BYTES_PER_ELEMENT,
  );
}

/** The same numbers in another datatype; to whole numbers they are cut, and to BOOL all but 0 is true. */
export const cast = stepKind({
  fields: { datatype: z.enum(DATATYPES).exclude(['FP16', 'BYTES']) },
  fit({ datatype }, { takes }) {
    const input = numericInput(takes);
    return {
      gives: [{ datatype, shape: input.shape }],
      run([given]) {
        const tensor = given as Tensor;
        const values = numbersOf(tensor);
        const made = new ELEMENT[datatype].array(values.length);
        const isFloat = datatype === 'FP32' || datatype === 'FP64';
        for (let at = 0; at < values.length; at++) {
          const value = values[at] ?? 0;
          if (isFloat) made[at] = value;
          else if (datatype === 'BOOL') made[at] = value === 0 ? 0 : 1;
          else putWhole(made, datatype, value, at);
        }
        return [tensorOf(datatype, tensor.shape, made)];
      },
    };
  },
});

type Whole = InstanceType<(typeof ELEMENT)[FixedDatatype]['array']>;

/** The value cut to a whole number; one that the array cannot hold is the sender's mistake. */
function putWhole(into: Whole, datatype: string, value: number, at: number): void {
  const cut = Math.trunc(value);
  const bits = into.BYTES_PER_ELEMENT * 8;
  const signed = datatype.startsWith('INT');
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) : 2 ** bits;
  if (!(cut >= low && cut < high)) throw invalid(`element ${at} is ${value}, beyond ${datatype}`);
  if (into instanceof BigInt64Array || into instanceof BigUint64Array) into[at] = BigInt(cut);
  else into[at] = cut;
}
