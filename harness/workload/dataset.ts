import { statSync } from 'node:fs';
import { type Problem, UsageError } from '../errors.ts';
import { readCsv } from './dataset-csv.ts';
import type { DatasetOptions, ReadEntries } from './dataset-entries.ts';
import { readImages } from './dataset-images.ts';
import { readJsonl } from './dataset-jsonl.ts';
import { readArray, readArrays } from './dataset-npy.ts';
import { DatasetProblems, inputOf, MOST_DATASET_BYTES } from './dataset-tensors.ts';
import type { Payloads } from './payloads.ts';

/**
 * The requests that a file or folder holds, checked against the model, in at most `mostBytes` of memory. Throws
 * UsageError with every problem.
 */
export function datasetPayloads(options: DatasetOptions, mostBytes = MOST_DATASET_BYTES): Payloads {
  const problems = new DatasetProblems(options.written, mostBytes);
  const entries = readerOf(options.path)(options, problems);
  if (problems.count === 0 && entries.length === 0) problems.add('found no samples');
  const most = entries.reduce((rows, entry) => Math.max(rows, entry.rows), 0);
  const { maxRows } = options.model;
  if (maxRows !== undefined && most > maxRows) {
    problems.add(`found ${most} rows in one request; the model takes ${maxRows} at most`);
  }
  if (problems.count > 0) throw new UsageError(problems.all as readonly Problem[]);
  return {
    available: entries.length,
    samples: entries.length,
    sampleOfKey: (key) => key,
    sample(number) {
      const entry = entries[number];
      if (entry === undefined) throw new Error(`there is no entry ${number}`);
      return { ...entry, inputs: entry.inputs.map(inputOf) };
    },
  };
}

function readerOf(path: string): ReadEntries {
  if (statSync(path).isDirectory()) return (options, problems) => readFolder(options, problems);
  const lower = path.toLowerCase();
  if (lower.endsWith('.csv')) return readCsv;
  return lower.endsWith('.npy') ? readArray : readJsonl;
}

const readFolder: ReadEntries = (options, problems) =>
  readArrays(options, problems) ?? readImages(options, problems);
