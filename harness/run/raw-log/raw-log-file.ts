import { closeSync, openSync, renameSync, write, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../../make-folders.ts';
import type { PhaseEdges } from '../../measure/phases.ts';
import { RawLog, type RawLogEnd, type RowSink } from '../../measure/raw-log.ts';
import { FATES, type Fate, FIELDS, PHASES, ROW_BYTES } from '../../measure/raw-rows.ts';
import type { RecorderOptions } from '../../measure/recorder.ts';
import type { LoadResult } from '../load-engine.ts';

export const RAW_FOLDER = 'raw';
export const RAW_FORMAT = 'inferometer-raw-1';

/** Whose requests a log holds. */
export interface RawLogSubject {
  readonly caseId: string;
  readonly trial: number;
  readonly generator: number;
  /** How many share the trial's schedule. */
  readonly generators: number;
}

type Replayed =
  | 'counts'
  | 'warmupCounts'
  | 'rows'
  | 'goodRows'
  | 'bodyBytes'
  | 'completedInPhase'
  | 'histograms'
  | 'windows'
  | 'classes';

/** Of a load's result, what its requests do not tell. */
export type BesideRequests = Omit<LoadResult, Replayed | 'rawLog'> & { readonly receiveLag: string };

/** The JSON file beside the rows. Without `end` the generator never came to its own. */
export interface RawLogHead extends RawLogSubject {
  readonly format: typeof RAW_FORMAT;
  /** What the rows' fates count in. */
  readonly fates: readonly Fate[];
  /** As planned. */
  readonly edges: PhaseEdges;
  /** How the recorder was set up, so that it can be set up again. */
  readonly recorder: Omit<RecorderOptions, 'edges'>;
  readonly end?: RawLogEnd & { readonly result: BesideRequests };
}

/** The log of one generator in one trial, being written: `<path>.rows`, and `<path>.json` that describes it. */
export class RawLogFile {
  readonly log: RawLog;
  readonly #path: string;
  readonly #head: RawLogHead;
  readonly #file: number | undefined;

  /** Files that cannot be made, or are there already, are the `problem` of the log's end. */
  constructor(path: string, subject: RawLogSubject, { edges, ...recorder }: RecorderOptions) {
    this.#path = path;
    let sink: RowSink;
    this.#head = { format: RAW_FORMAT, ...subject, fates: FATES, edges, recorder };
    try {
      makeFolders(dirname(path));
      const file = openSync(`${path}.rows`, 'wx');
      this.#file = file;
      this.#writeHead(this.#head);
      sink = { append: (bytes, done) => appendAll(file, bytes, done) };
    } catch (error) {
      sink = { append: (_, done) => done((error as Error).message) };
    }
    this.log = new RawLog({ sink, measureAtMs: edges.measureAtMs });
  }

  /** Writes what is left, and what the requests do not tell; the result says what came of the log. */
  async end(result: LoadResult): Promise<LoadResult> {
    const end = await this.log.close();
    if (this.#file === undefined) return { ...result, rawLog: end };
    closeSync(this.#file);
    const {
      counts,
      warmupCounts,
      rows,
      goodRows,
      bodyBytes,
      completedInPhase,
      histograms,
      windows,
      classes,
      ...beside
    } = result;
    try {
      this.#writeHead({
        ...this.#head,
        end: { ...end, result: { ...beside, receiveLag: histograms.receiveLag } },
      });
      return { ...result, rawLog: end };
    } catch (error) {
      return { ...result, rawLog: { ...end, problem: (error as Error).message } };
    }
  }

  #writeHead({ format, ...head }: RawLogHead): void {
    const layout = {
      rowBytes: ROW_BYTES,
      fields: FIELDS,
      phases: PHASES,
      classes: head.recorder.classes ?? ['all'],
    };
    const temporary = `${this.#path}.json.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ format, ...layout, ...head })}\n`);
    renameSync(temporary, `${this.#path}.json`);
  }
}

function appendAll(file: number, bytes: Uint8Array, done: (problem: string | undefined) => void): void {
  write(file, bytes, 0, bytes.length, null, (error, written) => {
    if (error !== null) done(error.message);
    else if (written < bytes.length) appendAll(file, bytes.subarray(written), done);
    else done(undefined);
  });
}

/** Where the logs of a case's trial go: a readable name without what file systems refuse. */
export function rawLogPath(runFolder: string, caseId: string, trial: number): string {
  return `${runFolder}/${RAW_FOLDER}/${caseId.replace(/[^\w.%=,+-]+/g, '_').slice(0, 200)}-trial-${trial}`;
}
