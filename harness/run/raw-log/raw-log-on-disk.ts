import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { ROW_BYTES, Row } from '../../measure/raw-rows.ts';
import { RAW_FOLDER, RAW_FORMAT, type RawLogHead } from './raw-log-file.ts';

/** A log that was written. */
export interface RawLogOnDisk {
  readonly head: RawLogHead;
  /** Whole rows that are there. */
  readonly rows: number;
  /** What it lacks of the requests that were made; undefined for a whole log. */
  readonly gap: string | undefined;
  /** Without the ending of its two files. */
  readonly path: string;
}

/** Every log in a run's folder; none where the run kept none. Throws UsageError for files that are no such logs. */
export function rawLogsOf(runFolder: string): RawLogOnDisk[] {
  const folder = join(runFolder, RAW_FOLDER);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const stems = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  return stems.sort().map((stem) => rawLogAt(join(folder, stem)));
}

export function noRawLog(runFolder: string): UsageError {
  return new UsageError(
    `${runFolder} has no raw log.`,
    'Keep one with `inferometer run <scenario> --raw`, or measure.rawLog: true in the scenario.',
  );
}

function rawLogAt(path: string): RawLogOnDisk {
  const head = headAt(`${path}.json`);
  const bytes = withFile(`${path}.rows`, (file) => fstatSync(file).size);
  const found = Math.floor(bytes / ROW_BYTES);
  // A write that failed may have left the beginning of its block, which counts as lost.
  return { head, rows: Math.min(found, head.end?.rows ?? found), gap: gapOf(head, found), path };
}

function headAt(file: string): RawLogHead {
  try {
    const head: RawLogHead = JSON.parse(readFileSync(file, 'utf8'));
    if (head.format === RAW_FORMAT) return head;
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}.`);
  }
  throw new UsageError(`${file} does not describe a raw log of format ${RAW_FORMAT}.`);
}

function gapOf({ end }: RawLogHead, rows: number): string | undefined {
  if (end === undefined) return `it breaks off after ${rows} requests, and was never finished`;
  if (rows < end.rows) return `it was cut off after ${rows} of ${end.rows} requests`;
  if (end.lost > 0) {
    return `it lacks ${end.lost} of ${end.rows + end.lost} requests: ${end.problem ?? 'the disk did not keep up'}`;
  }
  return rows > end.rows ? `it holds ${rows} requests, where ${end.rows} were written` : undefined;
}

const ROWS_AT_ONCE = 4096;

/** Row after row in constant memory; one object serves all of them. */
export function* rowsOf({ head, path, rows }: RawLogOnDisk): Generator<Row> {
  const bytes = new Uint8Array(ROWS_AT_ONCE * ROW_BYTES);
  const view = new DataView(bytes.buffer);
  const row = new Row();
  for (let done = 0; done < rows; ) {
    const from = done;
    const read = withFile(`${path}.rows`, (file) => readSync(file, bytes, 0, bytes.length, from * ROW_BYTES));
    const whole = Math.min(Math.floor(read / ROW_BYTES), rows - done);
    if (whole === 0) return;
    for (let index = 0; index < whole; index++) {
      row.read(view, index * ROW_BYTES, head.fates);
      yield row;
    }
    done += whole;
  }
}

function withFile<T>(path: string, read: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}.`);
  }
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}
