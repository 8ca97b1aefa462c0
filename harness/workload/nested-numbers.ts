import type { TensorMetadata } from '../targets/target.ts';
import {
  datatypeProblem,
  type Stored,
  shapeProblem,
  shapeText,
  sizeOf,
  storeFor,
  valueProblem,
} from './dataset-tensors.ts';

/** Numbers out of JSON, nested or flat, with the shape that their nesting has. */
export interface Nested {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** `undefined` with a message in `why` when it is not numbers all through, or its lists differ in length. */
export function nestedNumbers(found: unknown): Nested | { readonly why: string } {
  const shape: number[] = [];
  for (let level = found; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values: number[] = [];
  const why = collect(found, shape, 0, values);
  return why === undefined ? { shape, values } : { why };
}

function collect(
  found: unknown,
  shape: readonly number[],
  depth: number,
  into: number[],
): string | undefined {
  if (depth === shape.length) {
    if (typeof found !== 'number' && typeof found !== 'boolean') {
      return `found ${JSON.stringify(found)?.slice(0, 40)}; allowed: numbers, true and false`;
    }
    into.push(Number(found));
    return undefined;
  }
  const size = shape[depth] ?? 0;
  if (!Array.isArray(found) || found.length !== size) {
    return `found lists of different lengths: ${Array.isArray(found) ? found.length : 'a number'} beside ${size}`;
  }
  for (const one of found) {
    const why = collect(one, shape, depth + 1, into);
    if (why !== undefined) return why;
  }
  return undefined;
}

/**
 * One input of one request. Nested lists give the shape themselves, with or without the dimension of the rows; a flat
 * list is cut into rows where all other dimensions are known. `asked`: the shape that the line itself names.
 */
export function requestTensor(
  input: TensorMetadata,
  found: unknown,
  asked?: readonly number[],
): { shape: readonly number[]; values: Stored } | { readonly why: string } {
  const unknown = datatypeProblem(input.datatype);
  if (unknown !== undefined) return { why: unknown };
  const nested = nestedNumbers(found);
  if ('why' in nested) return nested;
  const { values } = nested;
  const shape = asked ?? shapeFor(input, nested);
  if (shape === undefined || sizeOf(shape) !== values.length) {
    const wants =
      asked === undefined ? `the model takes ${shapeText(input.shape)}` : `shape says ${shapeText(asked)}`;
    return { why: `found ${values.length} numbers in shape ${shapeText(nested.shape)}; ${wants}` };
  }
  const misshapen = shapeProblem(input, shape);
  if (misshapen !== undefined) return { why: misshapen };
  const stored = storeFor(input.datatype, values.length);
  for (const [at, value] of values.entries()) {
    const why = valueProblem(input.datatype, value);
    if (why !== undefined) return { why: `${why} (element ${at})` };
    stored[at] = value;
  }
  return { shape, values: stored };
}

function shapeFor({ shape }: TensorMetadata, nested: Nested): readonly number[] | undefined {
  const [rows = 1, ...rest] = shape;
  const fits = (sizes: readonly number[], of: readonly number[]) =>
    sizes.length === of.length && sizes.every((size, at) => (of[at] ?? -1) < 0 || of[at] === size);
  if (fits(nested.shape, shape)) return nested.shape;
  if (shape.length > 0 && fits(nested.shape, rest) && (rows < 0 || rows === 1)) return [1, ...nested.shape];
  if (nested.shape.length > 1 || rest.some((size) => size < 0)) return undefined;
  const perRow = sizeOf(rest);
  const count = perRow === 0 ? 0 : nested.values.length / perRow;
  return Number.isInteger(count) && count > 0 ? (shape.length === 0 ? [] : [count, ...rest]) : undefined;
}
