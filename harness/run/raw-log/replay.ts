import type { Row } from '../../measure/raw-rows.ts';
import { Recorder } from '../../measure/recorder.ts';
import { Histogram } from '../../statistics/histogram.ts';
import type { LoadResult } from '../load-engine.ts';
import { loadWindows } from '../results/load-windows.ts';
import { mergeResults } from '../results/merge-results.ts';
import type { BesideRequests, RawLogHead } from './raw-log-file.ts';
import { type RawLogOnDisk, rowsOf } from './raw-log-on-disk.ts';

/** The logs of all generators of one trial, as the engine gave their results. Throws Error for none. */
export function replayTogether(logs: readonly RawLogOnDisk[]): LoadResult {
  const results = [...logs].sort((a, b) => a.head.generator - b.head.generator).map(replay);
  const [first, ...others] = results;
  return first !== undefined && others.length === 0 ? first : mergeResults(results);
}

/**
 * Tells a recorder again what a raw log holds, request by request in the order in which they ended, and gives what the
 * generator gave: a whole log makes the same counts, histograms and windows to the last bit.
 */
function replay(log: RawLogOnDisk): LoadResult {
  const beside = log.head.end?.result ?? unfinished(log.head);
  const { receiveLag, ...told } = beside;
  const recorder = new Recorder({ ...log.head.recorder, edges: beside.instants });
  let lastMs = beside.instants.measureAtMs;
  for (const row of rowsOf(log)) {
    lastMs = Math.max(lastMs, row.intendedAtMs, row.fate === 'ok' ? row.doneAtMs : 0);
    tell(recorder, row);
  }
  const {
    windows,
    histograms,
    clamped: _,
    ...recording
  } = recorder.close(Math.max(beside.endedAtMs, lastMs));
  return {
    ...told,
    ...recording,
    histograms: { ...histograms, receiveLag },
    windows: loadWindows(windows),
    ...(log.gap === undefined ? {} : { endedEarly: `of its raw log, ${log.gap}` }),
  };
}

function tell(recorder: Recorder, row: Row): void {
  if (row.fate === 'unsent') {
    recorder.unsent(row.intendedAtMs, row.requestClass);
    return;
  }
  recorder.dispatched(row);
  if (!Number.isNaN(row.sentAtMs)) recorder.sent(row);
  if (row.fate === 'in-flight') recorder.leftInFlight(row);
  else recorder.finished(row);
}

/** Of a generator that never told: the phases as planned, and nothing else. */
function unfinished({ edges }: RawLogHead): BesideRequests {
  const empty = new Histogram();
  const receiveLag = empty.encode();
  empty.destroy();
  return {
    instants: edges,
    endedAtMs: edges.measureEndAtMs,
    durationMs: edges.measureEndAtMs - edges.measureAtMs,
    clamped: { negative: 0, aboveRange: 0 },
    clock: { monotonicMs: 0, wallMs: 0 },
    connections: { opened: 0, connectMeanMs: undefined },
    generatorCpuCores: undefined,
    eventLoopUtilization: 0,
    gc: { count: 0, totalMs: 0, longestMs: 0 },
    events: [],
    endedEarly: undefined,
    receiveLag,
  };
}
