import { randomInt } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { TargetError, UsageError } from '../errors.ts';
import { makeFolders } from '../make-folders.ts';
import { conservationProblems } from './conservation.ts';
import { DEFAULT_OUT_FOLDER, LATEST, RECORD_FILE } from './folder-names.ts';
import { withoutSecrets } from './redaction.ts';
import { type RunRecord, runRecord } from './run-record.ts';

/** One run on disk. Created before any load, rewritten after every case, readable at every instant. */
export interface Store {
  /** `<outFolder>/2026-11-21T0926-batching-k3f9` */
  readonly folder: string;
  /** The folder's own name: `2026-11-21T0926-batching-k3f9` */
  readonly id: string;
  /**
   * Replaces run.json as a whole or leaves it as it was, then points `<outFolder>/latest` here.
   * Throws TargetError when the disk refuses, or when the record breaks its own rules.
   */
  write(record: RunRecord): void;
  /** Removes the folder of a run that never wrote a record. */
  discardIfEmpty(): void;
}

export interface StoreOptions {
  readonly outFolder?: string;
  readonly scenarioName: string;
  readonly startedAt: Date;
}

/** Makes the run's folder and proves that it can be written; throws UsageError otherwise, before any load. */
export function createStore(options: StoreOptions): Store {
  const outFolder = options.outFolder ?? DEFAULT_OUT_FOLDER;
  const folder = createFolder(outFolder, options);
  let written = false;
  return {
    folder,
    id: basename(folder),
    write(record) {
      const text = `${JSON.stringify(checked(withoutSecrets(record)))}\n`;
      try {
        replaceFile(join(folder, RECORD_FILE), text);
        if (!written) pointLatest(outFolder, basename(folder));
      } catch (cause) {
        throw writeError(folder, written, cause);
      }
      written = true;
    },
    discardIfEmpty() {
      if (!written) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createFolder(outFolder: string, { scenarioName, startedAt }: StoreOptions): string {
  const minute = startedAt.toISOString().slice(0, 16).replace(/:/g, '');
  const name = scenarioName.replace(/[^\w.-]+/g, '-');
  try {
    makeFolders(outFolder);
    refuseForeignLatest(join(outFolder, LATEST));
    for (;;) {
      const folder = join(outFolder, `${minute}-${name}-${randomId()}`);
      if (!makeNewFolder(folder)) continue;
      replaceFile(join(folder, '.writable'), 'x'.repeat(4096));
      rmSync(join(folder, '.writable'));
      return folder;
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `The results folder ${outFolder} cannot be written: ${reason(cause)}. Nothing was sent.`,
      'Choose another with --out, or make this one writable.',
    );
  }
}

/** A folder called `latest` is not ours to replace. */
function refuseForeignLatest(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    throw new UsageError(
      `${path} is a folder; Inferometer keeps its link to the newest run there.`,
      'Move it away, or choose another place with --out.',
    );
  }
}

function makeNewFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (cause) {
    if (code(cause) === 'EEXIST') return false;
    throw cause;
  }
}

function randomId(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
}

/** Refuses what no reader could trust: a wrong shape, or counts that do not add up. */
function checked(record: RunRecord): RunRecord {
  const parsed = runRecord.safeParse(record);
  const problems = parsed.success
    ? conservationProblems(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new TargetError(
    `The record was refused, because it contradicts itself:\n${problems.slice(0, 10).join('\n')}`,
    'This is a fault of Inferometer, not of the server. Please report it with the scenario.',
  );
}

/** New content or old content, never half of one: temporary file, fsync, rename. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeAll(file, Buffer.from(text));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

function writeAll(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

/** A link where the system has them, else a file that holds the folder's name; swapped in one step. */
function pointLatest(outFolder: string, folderName: string): void {
  const temporary = join(outFolder, `.${LATEST}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  try {
    symlinkSync(folderName, temporary);
  } catch {
    writeFileSync(temporary, `${folderName}\n`);
  }
  renameSync(temporary, join(outFolder, LATEST));
}

function writeError(folder: string, written: boolean, cause: unknown): TargetError {
  const kept = written
    ? `The cases measured before it are kept in ${join(folder, RECORD_FILE)}.`
    : 'No case had been written before.';
  return new TargetError(
    `The record could not be written to ${folder}: ${reason(cause)}. ${kept}`,
    'Free some space or choose another place with --out, then run again.',
    { cause },
  );
}

function code(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code;
}

function reason(cause: unknown): string {
  const known: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EFBIG: 'the file would be larger than allowed here',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'a file is in the way',
  };
  return known[code(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
}
