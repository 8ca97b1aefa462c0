import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Row } from '../measure/raw-rows.ts';
import { findRun } from '../record/read-run.ts';
import type { RawLogHead } from '../run/raw-log/raw-log-file.ts';
import { noRawLog, rawLogsOf, rowsOf } from '../run/raw-log/raw-log-on-disk.ts';

/** Lines that are handed to stdout at once. */
const LINES = 1000;

/**
 * Prints every kept request as one line of JSON: times in milliseconds from the start of the measure phase, absent
 * where the request never came to that. In constant memory, as fast as the reader takes it.
 */
export async function requestsCommand(run: string): Promise<void> {
  const folder = dirname(findRun(run));
  if (rawLogsOf(folder).length === 0) throw noRawLog(folder);
  try {
    await pipeline(Readable.from(chunksOf(folder)), process.stdout, { end: false });
  } catch (error) {
    // The reader has seen enough, as `head` does.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function* chunksOf(folder: string): Generator<string> {
  let lines: string[] = [];
  for (const log of rawLogsOf(folder)) {
    for (const row of rowsOf(log)) {
      lines.push(lineOf(log.head, row));
      if (lines.length < LINES) continue;
      yield lines.join('');
      lines = [];
    }
  }
  yield lines.join('');
}

function lineOf({ caseId, trial, generator, edges, recorder, end }: RawLogHead, row: Row): string {
  const zeroMs = end?.result.instants.measureAtMs ?? edges.measureAtMs;
  const at = (ms: number) => (Number.isNaN(ms) ? undefined : Number((ms - zeroMs).toFixed(4)));
  const line = {
    case: caseId,
    trial,
    generator,
    seq: row.index,
    phase: row.phase,
    class: recorder.classes?.[row.requestClass] ?? 'all',
    fate: row.fate,
    intendedAtMs: at(row.intendedAtMs),
    dispatchedAtMs: at(row.dispatchedAtMs),
    sentAtMs: at(row.sentAtMs),
    firstByteAtMs: at(row.firstByteAtMs),
    doneAtMs: at(row.doneAtMs),
    bytesOut: row.bytesOut,
    bytesIn: row.bytesIn,
    rows: row.rows,
  };
  return `${JSON.stringify(line)}\n`;
}
