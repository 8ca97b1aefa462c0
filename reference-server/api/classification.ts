import { joinStrings } from '../byte-elements.ts';
import { invalid } from '../errors.ts';
import { isNumeric, type NumericDatatype, valuesOf } from '../execution/tensor-values.ts';
import { elements, type TensorSpec } from '../execution/tensors.ts';
import type { Tensor } from '../infer.ts';

/** How many classes an output's parameter `classification` asks for. Throws an `invalid` ServingError. */
export function classesAsked(value: unknown, { name, datatype }: TensorSpec): number {
  const label = `output '${name}'`;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalid(`${label}: "classification" must be a whole number from 1, found ${JSON.stringify(value)}`);
  }
  if (!isNumeric(datatype)) throw invalid(`${label}: ${datatype} has no order, it cannot be classified`);
  return value;
}

/**
 * The classification extension: of each row the `most` highest scores, the highest first, as texts `value:index`, or
 * `value:index:label` where classes have names. Equal scores stand in the order of their indexes, what is not a number
 * comes last. A value is the shortest decimal that reads back as the same number of its datatype.
 */
export function classified(scores: Tensor, most: number, labels: readonly string[] | undefined): Tensor {
  const { name, shape } = scores;
  const [rows = 1, ...rest] = shape;
  const classes = elements(rest);
  const kept = Math.min(most, classes);
  const datatype = scores.datatype as NumericDatatype;
  const values = valuesOf(datatype, scores.data);
  const texts: Buffer[] = [];
  for (let row = 0; row < rows; row++) {
    const ofRow = values.subarray(row * classes, (row + 1) * classes);
    for (const index of highest(ofRow, kept)) {
      const value = decimal(ofRow[index] ?? 0, datatype);
      const label = labels?.[index];
      texts.push(Buffer.from(label === undefined ? `${value}:${index}` : `${value}:${index}:${label}`));
    }
  }
  return { name, datatype: 'BYTES', shape: [rows, kept], data: joinStrings(texts) };
}

type Values = ReturnType<typeof valuesOf>;

function highest(values: Values, count: number): readonly number[] {
  const indexes = Array.from({ length: values.length }, (_, index) => index);
  return indexes.sort((a, b) => inOrder(values[a] ?? 0, values[b] ?? 0) || a - b).slice(0, count);
}

function inOrder(a: number | bigint, b: number | bigint): number {
  const missing = Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return missing || Number(a < b) - Number(a > b);
}

/** Digits that a float of 32 bits may need to be told from its neighbours. */
const MOST_DIGITS = 9;

function decimal(value: number | bigint, datatype: NumericDatatype): string {
  if (datatype !== 'FP32' || typeof value === 'bigint' || !Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < MOST_DIGITS; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(MOST_DIGITS)));
}
