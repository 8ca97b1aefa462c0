import { basename } from 'node:path';
import { samplesIn } from '../scenario/dataset-files.ts';
import type { TensorMetadata } from '../targets/target.ts';
import type { DatasetOptions, Entry } from './dataset-entries.ts';
import {
  type DatasetProblems,
  datatypeProblem,
  type Stored,
  shapeProblem,
  storeFor,
  valueProblem,
} from './dataset-tensors.ts';
import { type NpyArray, readNpy } from './npy.ts';
import { cutRows, rowsProblem } from './row-table.ts';

interface Loaded {
  readonly input: TensorMetadata;
  readonly shape: readonly number[];
  readonly values: Stored;
}

/**
 * One array for a model of one input. With as many dimensions as the input its first axis counts rows, which are cut
 * into requests; with one more, the first axis counts requests and the second their rows.
 */
export function readArray(options: DatasetOptions, problems: DatasetProblems): readonly Entry[] {
  const [input, ...others] = options.model.inputs;
  if (input === undefined || others.length > 0) {
    const names = options.model.inputs.map(({ name }) => name);
    problems.add(`one array is one input; the model takes ${names.join(', ')}`, {
      advice: `Give a folder of ${names.map((name) => `${name}.npy`).join(', ')}.`,
    });
    return [];
  }
  return entriesOf([load(options.path, undefined, input, problems)], options, problems);
}

/** A folder of one array for each input, `<input>.npy`. Undefined when it holds none. */
export function readArrays(options: DatasetOptions, problems: DatasetProblems): readonly Entry[] | undefined {
  const files = samplesIn(options.path).filter((file) => file.toLowerCase().endsWith('.npy'));
  if (files.length === 0) return undefined;
  const names = options.model.inputs.map(({ name }) => name);
  for (const file of files) {
    if (!names.includes(nameOf(file))) {
      problems.add(`${basename(file)} is no input of the model; it has ${names.join(', ')}`);
    }
  }
  const loaded = options.model.inputs.map((input) => {
    const file = files.find((one) => nameOf(one) === input.name);
    if (file !== undefined) return load(file, basename(file), input, problems);
    problems.add(`found no ${input.name}.npy; the model takes this input`);
    return undefined;
  });
  return entriesOf(loaded, options, problems);
}

function nameOf(file: string): string {
  return basename(file).replace(/\.npy$/i, '');
}

function load(
  path: string,
  shown: string | undefined,
  input: TensorMetadata,
  problems: DatasetProblems,
): Loaded | undefined {
  const complain = (message: string) => problems.add(shown === undefined ? message : `${shown}: ${message}`);
  const unknown = datatypeProblem(input.datatype);
  if (unknown !== undefined) {
    complain(unknown);
    return undefined;
  }
  let array: NpyArray;
  try {
    array = readNpy(path);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return undefined;
  }
  if (!problems.hold(array.length * storeFor(input.datatype, 0).BYTES_PER_ELEMENT)) return undefined;
  const values = storeFor(input.datatype, array.length);
  for (let at = 0; at < array.length; at++) {
    const value = array.at(at);
    const why = valueProblem(input.datatype, value);
    if (why !== undefined) {
      complain(`${why} (element ${at})`);
      return undefined;
    }
    values[at] = value;
  }
  return { input, shape: array.shape, values };
}

function entriesOf(
  loaded: readonly (Loaded | undefined)[],
  { rows }: DatasetOptions,
  problems: DatasetProblems,
): readonly Entry[] {
  const arrays = loaded.filter((one) => one !== undefined);
  const [first] = arrays;
  if (first === undefined || arrays.length < loaded.length) return [];
  const asRequests = arrays.every(({ input, shape }) => shape.length === input.shape.length + 1);
  const counts = new Set(arrays.map(({ shape }) => shape[0]));
  if (counts.size > 1) problems.add(`found arrays of ${[...counts].join(' and ')} along their first axis`);
  for (const { input, shape } of arrays) {
    const why = asRequests
      ? shapeProblem(input, shape.slice(1))
      : (shapeProblem(withAnyRows(input), shape) ?? rowsProblem(input, rows));
    if (why !== undefined) problems.add(why);
  }
  if (problems.count > 0) return [];
  const [total = 0] = first.shape;
  if (asRequests) return Array.from({ length: total }, (_, at) => requestAt(arrays, at, total));
  const columns = arrays.map(({ input, shape, values }) => ({
    name: input.name,
    datatype: input.datatype,
    rowShape: shape.slice(1),
    values,
  }));
  return cutRows(total, columns, [], rows, problems);
}

/** Rows are cut later, so any number of them may lie in the file. */
function withAnyRows(input: TensorMetadata): TensorMetadata {
  return { ...input, shape: [-1, ...input.shape.slice(1)] };
}

function requestAt(arrays: readonly Loaded[], at: number, total: number): Entry {
  return {
    rows: arrays[0]?.shape[1] ?? 1,
    inputs: arrays.map(({ input, shape, values }) => {
      const size = values.length / total;
      return {
        name: input.name,
        datatype: input.datatype,
        shape: shape.slice(1),
        values: values.subarray(at * size, (at + 1) * size),
      };
    }),
  };
}
