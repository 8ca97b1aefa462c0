import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../../errors.ts';
import { bindThread } from '../../load/thread.ts';
import type { LoadAssignment, LoadEngine } from '../load-engine.ts';
import type { ToEngine, ToGenerator } from './thread-engine.ts';

/** The work of a thread that drives a load: takes its assignment, talks in plain messages only. */
export async function workOnThread(drive: LoadEngine['run']): Promise<void> {
  const assignment = workerData as LoadAssignment;
  const drain = new AbortController();
  const cancel = new AbortController();
  let start: (atMs: number) => void = () => {};
  const started = new Promise<number>((resolve) => {
    start = resolve;
  });
  parentPort?.on('message', (message: ToGenerator) => {
    if (message.kind === 'start') start(message.atMs);
    else if (message.kind === 'drain') drain.abort(message.reason);
    else cancel.abort(message.reason);
  });
  const startTogether = (): Promise<number> => {
    tell({ kind: 'ready' });
    return started;
  };
  if (assignment.cpus !== undefined) bindThread(assignment.cpus);
  touchYoungGeneration();
  try {
    const result = await drive(assignment, {
      onStart: (instants) => tell({ kind: 'start', instants }),
      onProgress: (progress) => tell({ kind: 'progress', progress }),
      drain: drain.signal,
      cancel: cancel.signal,
      ...(assignment.generator.of === 1 ? {} : { startTogether }),
    });
    tell({ kind: 'result', result });
  } catch (error) {
    tell(failureOf(error));
  }
  parentPort?.close();
}

/**
 * Fills the young generation once, so that no page of it is touched for the first time while a request waits, and memory
 * is after ten thousand requests what it is after ten million.
 */
function touchYoungGeneration(): void {
  for (let touched = 0; touched < YOUNG_GENERATION_BYTES; touched += PIECE_BYTES)
    new Array(PIECE_BYTES / 8).fill(0);
}

/** Both halves of 32 MiB, as thread-engine.ts sets them, and a little more. */
const YOUNG_GENERATION_BYTES = 72 * 2 ** 20;
const PIECE_BYTES = 8192;

function failureOf(error: unknown): ToEngine {
  if (error instanceof UsageError) return { kind: 'usage', problems: error.problems };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', message };
}

function tell(message: ToEngine): void {
  parentPort?.postMessage(message);
}
