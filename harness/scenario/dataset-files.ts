import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { nearestName } from '../errors.ts';
import type { Reading } from './quantities.ts';
import type { DatasetSpec } from './workload-spec.ts';

export const DATASET_FILES = ['.jsonl', '.ndjson', '.csv', '.npy'] as const;
/** What a folder may hold: all images, or one array for each input, named after it. */
export const IMAGE_FILES = ['.png', '.jpg', '.jpeg'] as const;

/** A file of samples is read whole into memory; beyond this it is refused. */
export const MOST_FILE_BYTES = 2 ** 30;

/** Finds and hashes a file or folder of samples, beside the scenario or else in the working folder. Each is read once. */
export class DatasetFiles {
  readonly #folder: string;
  readonly #known = new Map<string, Reading<DatasetSpec>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  find(written: string): Reading<DatasetSpec> {
    const known = this.#known.get(written);
    if (known !== undefined) return known;
    const beside = resolve(this.#folder, written);
    const path = existsSync(beside) ? beside : resolve(written);
    const found = describe(written, path, this.#folder);
    this.#known.set(written, found);
    return found;
  }
}

function describe(written: string, path: string, folder: string): Reading<DatasetSpec> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return missing(written, folder);
  const files = stat.isDirectory() ? samplesIn(path) : [path];
  if (!stat.isDirectory() && !DATASET_FILES.some((ending) => path.toLowerCase().endsWith(ending))) {
    return {
      problem: `found "${written}"; samples are read from ${DATASET_FILES.join(', ')}, or a folder of images`,
    };
  }
  if (files.length === 0) {
    return { problem: `found no ${[...IMAGE_FILES, '.npy'].join(', ')} in ${written}` };
  }
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > MOST_FILE_BYTES) {
    const advice = 'a sample of it says as much about the server';
    return {
      problem: `found "${written}" with ${mebibytes(bytes)}; at most ${mebibytes(MOST_FILE_BYTES)}`,
      advice,
    };
  }
  try {
    return { value: { path, written, sha256: hashOf(files, stat.isDirectory()) } };
  } catch (error) {
    return { problem: `cannot read ${written}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The files of a folder that are samples, by name. */
export function samplesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => [...IMAGE_FILES, '.npy'].some((ending) => name.toLowerCase().endsWith(ending)))
    .sort()
    .map((name) => join(folder, name));
}

function missing(written: string, scenarioFolder: string): Reading<DatasetSpec> {
  const path = resolve(scenarioFolder, written);
  const folder = dirname(path);
  const there = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
  const near = nearestName(basename(path), there);
  return {
    problem: `found "${written}"; there is no such file or folder, neither beside the scenario nor in the working folder`,
    ...(near === undefined ? {} : { advice: `did you mean ${join(dirname(written), near)}?` }),
  };
}

/** SHA-256 (hex) of a file, or of the names and contents of several. */
export function hashOf(files: readonly string[], named: boolean): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(2 ** 20);
  for (const file of files) {
    if (named) hash.update(`${basename(file)}\0${statSync(file).size}\0`);
    const descriptor = openSync(file, 'r');
    try {
      for (let read = 1; read > 0; ) {
        read = readSync(descriptor, buffer, 0, buffer.length, null);
        hash.update(buffer.subarray(0, read));
      }
    } finally {
      closeSync(descriptor);
    }
  }
  return hash.digest('hex');
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
