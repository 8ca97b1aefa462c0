import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearestName, UsageError } from '../errors.ts';
import { DEFAULT_OUT_FOLDER, LATEST, RECORD_FILE } from './folder-names.ts';
import { FORMAT_VERSION, type RunRecord, runRecord } from './run-record.ts';

/**
 * Reads a run back. `path`: a run's folder, its run.json, `latest`, or `<outFolder>/latest`.
 * Throws UsageError when there is none, or when it is not readable as a record of this version.
 */
export function readRun(path: string): RunRecord {
  const file = findRun(path);
  return parseRun(readText(file), file);
}

/** The run.json that `path` means (see `readRun`); throws UsageError when there is none. */
export function findRun(path: string): string {
  const place = path === LATEST && !existsSync(path) ? join(DEFAULT_OUT_FOLDER, LATEST) : path;
  const target = pointedTo(place);
  const found = statSync(target, { throwIfNoEntry: false });
  if (found?.isFile()) return target;
  const file = join(target, RECORD_FILE);
  if (found?.isDirectory() && existsSync(file)) return file;
  throw new UsageError(
    found === undefined ? `There is no run at ${place}.` : `${place} holds no ${RECORD_FILE}.`,
    adviceFor(place),
  );
}

/** Where links do not exist, `latest` is a file that holds the folder's name. */
function pointedTo(place: string): string {
  if (basename(place) !== LATEST || !lstatSync(place, { throwIfNoEntry: false })?.isFile()) return place;
  return join(dirname(place), readText(place).trim());
}

function adviceFor(place: string): string {
  const folder = dirname(place);
  const runs = existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, RECORD_FILE)))
    : [];
  const nearest = nearestName(basename(place), runs) ?? runs.at(-1);
  return nearest === undefined
    ? 'Make one:  npx inferometer run smoke'
    : `Did you mean ${join(folder, nearest)}?`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}.`);
  }
}

function parseRun(text: string, file: string): RunRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `${file} is damaged: it is not JSON (${(cause as Error).message}).`,
      'Inferometer replaces a record in one step, so something else changed it. Run the scenario again.',
    );
  }
  refuseOtherVersion(json, file);
  const parsed = runRecord.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    parsed.error.issues.slice(0, 10).map((issue) => ({
      file,
      field: issue.path.join('.'),
      message: issue.message,
    })),
  );
}

function refuseOtherVersion(json: unknown, file: string): void {
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion;
  if (version === FORMAT_VERSION) return;
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new UsageError(
      `${file} has format ${version}; this Inferometer reads format ${FORMAT_VERSION}.`,
      'It was written by a newer Inferometer: update this one.',
    );
  }
  throw new UsageError(
    `${file} is not a record of Inferometer: it has no formatVersion ${FORMAT_VERSION}.`,
    'Give the folder of a run, its run.json, or `latest`.',
  );
}
