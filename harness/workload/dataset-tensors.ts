import type { Problem } from '../errors.ts';
import type { TensorMetadata } from '../targets/target.ts';
import type { InputTensor } from './workload.ts';

/** All samples of a class together, as they are held; a request's own copy comes on top. */
export const MOST_DATASET_BYTES = 256 * 2 ** 20;
/** Beyond these a problem is counted, not shown: a wrong file is wrong in every line. */
const MOST_PROBLEMS = 20;

/** Problems of one file with their places; that it is too big is one of them. */
export class DatasetProblems {
  readonly #shown: Problem[] = [];
  readonly #file: string;
  readonly #mostBytes: number;
  #count = 0;
  #held = 0;

  constructor(file: string, mostBytes = MOST_DATASET_BYTES) {
    this.#file = file;
    this.#mostBytes = mostBytes;
  }

  /** Counts numbers that are to be held; false, and a problem, once there are too many: reading should end then. */
  hold(bytes: number, line?: number): boolean {
    const before = this.#held;
    this.#held += bytes;
    if (this.#held <= this.#mostBytes) return true;
    if (before <= this.#mostBytes) {
      this.add(`found more than ${this.#mostBytes / 2 ** 20} MiB of numbers, which is all that is held`, {
        ...(line === undefined ? {} : { line }),
        advice: 'Take fewer: they are used again and again.',
      });
    }
    return false;
  }

  get count(): number {
    return this.#count;
  }

  /** `line`: of a text file, from 1. `file`: of a folder. */
  add(message: string, place: { line?: number; field?: string; file?: string; advice?: string } = {}): void {
    this.#count += 1;
    if (this.#shown.length < MOST_PROBLEMS) this.#shown.push({ file: this.#file, ...place, message });
  }

  get all(): Problem[] {
    const hidden = this.#count - this.#shown.length;
    return hidden === 0
      ? this.#shown
      : [...this.#shown, { file: this.#file, message: `and ${hidden} more problems` }];
  }
}

/** Numbers of a datatype in as few bytes as keep them exactly. */
export type Stored =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

export function storeFor(datatype: string, length: number): Stored {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(length);
    case 'INT8':
      return new Int8Array(length);
    case 'UINT16':
      return new Uint16Array(length);
    case 'INT16':
      return new Int16Array(length);
    case 'UINT32':
      return new Uint32Array(length);
    case 'INT32':
      return new Int32Array(length);
    case 'FP16':
    case 'FP32':
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

export interface StoredTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly values: Stored;
}

export function inputOf({ name, datatype, shape, values }: StoredTensor): InputTensor {
  return { name, datatype, shape, values: Float64Array.from(values) };
}

const RANGES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['BOOL', [0, 1]],
  ['UINT8', [0, 255]],
  ['INT8', [-128, 127]],
  ['UINT16', [0, 65_535]],
  ['INT16', [-32_768, 32_767]],
  ['UINT32', [0, 4_294_967_295]],
  ['INT32', [-2_147_483_648, 2_147_483_647]],
  ['UINT64', [0, Number.MAX_SAFE_INTEGER]],
  ['INT64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
]);
const FLOATS = new Set(['FP16', 'FP32', 'FP64', 'BF16']);

/** Why samples cannot hold numbers of this datatype. */
export function datatypeProblem(datatype: string): string | undefined {
  if (RANGES.has(datatype) || (FLOATS.has(datatype) && datatype !== 'BF16')) return undefined;
  return `the model takes ${datatype} here; samples hold numbers: ${[...RANGES.keys(), 'FP16', 'FP32', 'FP64'].join(', ')}`;
}

/** Why `value` is none of `datatype`; undefined where it is. */
export function valueProblem(datatype: string, value: number): string | undefined {
  const range = RANGES.get(datatype);
  if (range === undefined)
    return Number.isFinite(value) ? undefined : `found ${value}; allowed: finite numbers`;
  const [from, to] = range;
  if (Number.isInteger(value) && value >= from && value <= to) return undefined;
  return `found ${value}; ${datatype} is a whole number from ${from} to ${to}`;
}

/** The shape of the model's input, as a message shows it. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.map((size) => (size < 0 ? 'any' : size)).join(', ')}]`;
}

/** Why a tensor of this shape is none for the input; undefined where it is. */
export function shapeProblem(input: TensorMetadata, shape: readonly number[]): string | undefined {
  const fits =
    shape.length === input.shape.length &&
    shape.every((size, at) => (input.shape[at] ?? -1) < 0 || input.shape[at] === size);
  return fits ? undefined : `found shape ${shapeText(shape)}; the model takes ${shapeText(input.shape)}`;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
