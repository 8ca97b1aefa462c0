import { z } from 'zod';
import { invalid } from '../../errors.ts';
import type { Tensor } from '../../infer.ts';
import { hashed } from '../hashing.ts';
import { StepMisfit, stepKind } from '../step.ts';
import {
  bytesOf,
  columnsOf,
  floatLike,
  newFloats,
  numbersOf,
  numericInput,
  onlyInput,
  tensorOf,
  wholeTensor,
} from '../tensor-values.ts';

const MOST_COLUMNS = 65_536;

/**
 * All products of columns up to a degree, in the usual order: 1, a, b, a², ab, b². `powers: false` leaves out those in
 * which a column comes twice.
 */
export const polynomial = stepKind({
  fields: {
    degree: z.int().min(1).max(8),
    powers: z.boolean().default(true),
    /** Whether a column of ones comes first. */
    one: z.boolean().default(true),
  },
  fit({ degree, powers, one }, { takes }) {
    const input = numericInput(takes);
    const columns = columnsOf(input);
    const products = productsOf(columns, degree, powers, one);
    const datatype = floatLike(input);
    return {
      gives: [{ datatype, shape: [input.shape[0] ?? -1, products.length] }],
      run([tensor]) {
        const values = numbersOf(tensor as Tensor);
        const rows = values.length / columns;
        const made = newFloats(datatype, rows * products.length);
        let at = 0;
        for (let row = 0; row < rows; row++) {
          for (const product of products) {
            let value = 1;
            for (const column of product) value *= values[row * columns + column] ?? 0;
            made[at++] = value;
          }
        }
        return [tensorOf(datatype, [rows, products.length], made)];
      },
    };
  },
});

/** The columns that each product multiplies, ascending; a StepMisfit where there are too many. */
export function productsOf(columns: number, degree: number, powers: boolean, one: boolean): number[][] {
  const found: number[][] = one ? [[]] : [];
  let shorter: number[][] = [[]];
  for (let length = 1; length <= degree; length++) {
    const longer: number[][] = [];
    for (const product of shorter) {
      const last = product.at(-1) ?? (powers ? 0 : -1);
      for (let column = powers ? last : last + 1; column < columns; column++)
        longer.push([...product, column]);
      if (found.length + longer.length > MOST_COLUMNS) {
        throw new StepMisfit(`degree: gives more than ${MOST_COLUMNS} columns`);
      }
    }
    found.push(...longer);
    shorter = longer;
  }
  return found;
}

/**
 * Columns of categories as one column each: by their places in all combinations (`sizes`), or by a hash of them
 * (`buckets`), which needs no list of categories and takes texts as well. A cross of one column hashes it.
 */
export const cross = stepKind({
  fields: {
    /** The columns of each cross. */
    crosses: z.array(z.array(z.int().min(0)).min(1)).min(1),
    /** How many categories each column has: 0 to that less one. */
    sizes: z.array(z.int().min(1)).min(1).optional(),
    buckets: z
      .int()
      .min(1)
      .max(2 ** 31)
      .optional(),
  },
  fit({ crosses, sizes, buckets }, { takes }) {
    const input = onlyInput(takes);
    const columns = columnsOf(input);
    if ((sizes === undefined) === (buckets === undefined)) {
      throw new StepMisfit('either sizes or buckets must be given');
    }
    if (sizes !== undefined && sizes.length !== columns) {
      throw new StepMisfit(`sizes: has ${sizes.length} numbers for ${columns} columns`);
    }
    if (crosses.flat().some((column) => column >= columns)) {
      throw new StepMisfit(`crosses: names a column that '${input.name}' has not, from 0 to ${columns - 1}`);
    }
    const categories = sizes === undefined ? undefined : numericInput(takes) && sizes;
    const most = crosses.map((one) => one.reduce((product, column) => product * (sizes?.[column] ?? 1), 1));
    if (most.some((count) => count > Number.MAX_SAFE_INTEGER)) {
      throw new StepMisfit('sizes: a cross has more than 2^53 combinations');
    }
    return {
      gives: [{ datatype: 'INT64', shape: [input.shape[0] ?? -1, crosses.length] }],
      run([tensor]) {
        const keys = keysOf(tensor as Tensor);
        const rows = keys.length / columns;
        const made = new Float64Array(rows * crosses.length);
        let at = 0;
        for (let row = 0; row < rows; row++) {
          const key = (column: number) => keys[row * columns + column] ?? 0;
          for (const one of crosses) {
            made[at++] =
              categories === undefined
                ? hashed(one.map((column) => String(key(column))).join('\u001f'), buckets ?? 1)
                : combined(one, key, categories);
          }
        }
        return [wholeTensor([rows, crosses.length], made)];
      },
    };
  },
});

/** Each element as a category: a number, or a text whose every byte is one letter. */
function keysOf(tensor: Tensor): ArrayLike<number | string> {
  if (tensor.datatype !== 'BYTES') return numbersOf(tensor);
  return bytesOf(tensor).map((element) => Buffer.from(element).toString('latin1'));
}

function combined(
  columns: readonly number[],
  key: (column: number) => number | string,
  sizes: readonly number[],
): number {
  let place = 0;
  for (const column of columns) {
    const size = sizes[column] ?? 1;
    place = place * size + categoryOf(Number(key(column)), size, column);
  }
  return place;
}

function categoryOf(value: number, size: number, column: number): number {
  if (Number.isInteger(value) && value >= 0 && value < size) return value;
  throw invalid(`column ${column} has the category ${value}, there are 0 to ${size - 1}`);
}

/** Each category as a column of its own that is 1: categories from 0 to `size` less one, or those listed. */
export const oneHot = stepKind({
  fields: {
    size: z.int().min(1).max(MOST_COLUMNS).optional(),
    categories: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .max(MOST_COLUMNS)
      .optional(),
    /** `zeros`: a category that there is not is none; `reject`: the request is refused. */
    onUnknown: z.enum(['zeros', 'reject']).default('zeros'),
  },
  fit({ size, categories, onUnknown }, { takes }) {
    const input = onlyInput(takes);
    const columns = columnsOf(input);
    if ((size === undefined) === (categories === undefined)) {
      throw new StepMisfit('either size or categories must be given');
    }
    if (size !== undefined) numericInput(takes);
    const listed = categories?.map(String) ?? [];
    if (new Set(listed).size < listed.length) throw new StepMisfit('categories: one is given twice');
    const places = new Map(listed.map((name, at) => [name, at]));
    const width = size ?? listed.length;
    return {
      gives: [{ datatype: 'FP32', shape: [input.shape[0] ?? -1, columns * width] }],
      run([tensor]) {
        const found = namesOf(tensor as Tensor);
        const made = new Float32Array(found.length * width);
        for (let at = 0; at < found.length; at++) {
          const place = size === undefined ? places.get(String(found[at])) : within(found[at], size);
          if (place !== undefined) made[at * width + place] = 1;
          else if (onUnknown === 'reject') {
            throw invalid(`element ${at} is ${JSON.stringify(found[at])}, which is none of the categories`);
          }
        }
        return [tensorOf('FP32', [found.length / columns, columns * width], made)];
      },
    };
  },
});

function namesOf(tensor: Tensor): ArrayLike<number | string> {
  if (tensor.datatype !== 'BYTES') return numbersOf(tensor);
  return bytesOf(tensor).map((element) => Buffer.from(element).toString('utf8'));
}

function within(value: unknown, size: number): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < size ? Number(value) : undefined;
}
