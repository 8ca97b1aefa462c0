import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isProblem, type Reading } from './quantities.ts';
import { lineReader } from './replay-rows.ts';

/** What a recording of arrivals comes to, without its rows: those are read again when they are due. Of the kept ones. */
export interface Recording {
  /** Absolute; neither hashed nor recorded. */
  readonly path: string;
  /** As the scenario says it. */
  readonly written: string;
  readonly sha256: string;
  readonly rows: number;
  readonly lastAtMs: number;
  /** The most arrivals in any second of its replay. */
  readonly mostPerSecond: number;
}

export interface LineProblem {
  readonly line: number;
  readonly message: string;
  readonly advice?: string;
}

const CHUNK_BYTES = 65_536;
/** More problems than this are counted, not listed. */
const MOST_PROBLEMS = 20;

/** The lines of a UTF-8 file, read as they are asked for: memory for one chunk, however long the file. */
export function* linesOf(file: string, onBytes: (bytes: Buffer) => void = () => {}): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let rest = '';
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      onBytes(chunk.subarray(0, read));
      const lines = (rest + decoder.decode(chunk.subarray(0, read), { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(descriptor);
  }
}

/** Every mistake in a recording, or what keeps it from being read at all. */
export type Unreadable =
  | Extract<Reading<never>, { problem: string }>
  | { readonly problems: readonly LineProblem[] };

/** Reads recordings through, each once for every scale; relative paths count from `folder`. */
export class RecordingFiles {
  readonly #folder: string;
  readonly #known = new Map<string, { readonly value: Recording } | Unreadable>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `timeScale` is what offsets are multiplied by; each `every`-th arrival is kept, from the first on. */
  find(written: string, timeScale: number, every: number): { readonly value: Recording } | Unreadable {
    const key = `${timeScale} ${every} ${written}`;
    const known =
      this.#known.get(key) ??
      read(written, resolve(this.#folder, written), new Scan(1000 / timeScale, every));
    this.#known.set(key, known);
    return known;
  }
}

function read(written: string, path: string, scan: Scan): { readonly value: Recording } | Unreadable {
  const reader = lineReader(written);
  if (isProblem(reader)) return reader;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    return { problem: `found "${written}"; there is no file ${path}` };
  }
  const hash = createHash('sha256');
  let line = 0;
  for (const text of linesOf(path, (bytes) => hash.update(bytes))) {
    line += 1;
    const reading = reader.value(text);
    if (reading === undefined) continue;
    if (isProblem(reading)) scan.problem(line, reading.problem, reading.advice);
    else scan.row(line, reading.value.atMs);
  }
  if (scan.problems.length > 0) return { problems: scan.problems };
  if (scan.rows === 0) return { problem: `found no arrival in "${written}"` };
  const { rows, lastKeptAtMs, mostPerSecond } = scan;
  const sha256 = hash.digest('hex');
  return { value: { path, written, sha256, rows, lastAtMs: lastKeptAtMs, mostPerSecond } };
}

class Scan {
  readonly problems: LineProblem[] = [];
  /** Kept. */
  rows = 0;
  lastKeptAtMs = 0;
  mostPerSecond = 0;
  readonly #secondMs: number;
  readonly #every: number;
  #seen = 0;
  #lastAtMs = 0;
  #lastLine = 0;
  #second = -1;
  #inSecond = 0;
  #unlisted = 0;

  constructor(secondMs: number, every: number) {
    this.#secondMs = secondMs;
    this.#every = every;
  }

  row(line: number, atMs: number): void {
    if (atMs < this.#lastAtMs) {
      const before = `${this.#lastAtMs} ms of line ${this.#lastLine}`;
      this.problem(line, `found ${atMs} ms after ${before}; offsets never fall`, 'sort the rows');
      return;
    }
    this.#lastAtMs = atMs;
    this.#lastLine = line;
    if (this.#seen++ % this.#every !== 0) return;
    this.rows += 1;
    this.lastKeptAtMs = atMs;
    const second = Math.floor(atMs / this.#secondMs);
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1;
    this.#second = second;
    this.mostPerSecond = Math.max(this.mostPerSecond, this.#inSecond);
  }

  problem(line: number, message: string, advice?: string): void {
    if (this.problems.length < MOST_PROBLEMS) {
      this.problems.push({ line, message, ...(advice === undefined ? {} : { advice }) });
      return;
    }
    this.#unlisted += 1;
    const last = { line, message: `and ${this.#unlisted} more problems up to this line` };
    this.problems[MOST_PROBLEMS] = last;
  }
}
