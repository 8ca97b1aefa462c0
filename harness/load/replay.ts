import { isProblem } from '../scenario/quantities.ts';
import { linesOf } from '../scenario/replay-file.ts';
import { lineReader, type ReplayRow } from '../scenario/replay-rows.ts';
import type { Schedule } from './schedule.ts';

export interface ReplayLoad {
  /** A recording that has been read through without a problem. */
  readonly file: string;
  /** Offsets are multiplied by it: 0.5 replays twice as fast. */
  readonly timeScale: number;
  /** Only each so-many-th arrival, from the first on; left out: all. */
  readonly every?: number;
  /** The warm-up sends at this even rate, payloads 0, 1, 2, … */
  readonly warmupPerS: number;
  readonly leadMs: number;
}

/**
 * The recorded arrivals after `leadMs` of warm-up, each with its payload: the one that it names, or the number of its
 * row. Read as they are drawn, in constant memory.
 */
export function replaySchedule({ file, timeScale, every = 1, warmupPerS, leadMs }: ReplayLoad): Schedule {
  const rows = rowsOf(file);
  let warmups = 0;
  let row = -1;
  let payload = 0;
  return {
    next() {
      const warmupMs = (1000 * warmups) / warmupPerS;
      if (warmupMs < leadMs) {
        payload = warmups++;
        return warmupMs;
      }
      let next = rows.next();
      for (row += 1; row % every !== 0; row += 1) next = rows.next();
      const { done, value } = next;
      if (done === true) return Number.POSITIVE_INFINITY;
      payload = value.payload ?? row;
      return leadMs + value.atMs * timeScale;
    },
    payload: () => payload,
  };
}

function* rowsOf(file: string): Generator<ReplayRow, undefined> {
  const reader = lineReader(file);
  if (isProblem(reader)) return undefined;
  for (const line of linesOf(file)) {
    const reading = reader.value(line);
    if (reading !== undefined && !isProblem(reading)) yield reading.value;
  }
  return undefined;
}
