import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../errors.ts';
import { bindThread } from '../load/thread.ts';
import { runGenerator } from './generator.ts';
import type { LoadAssignment } from './load-engine.ts';
import type { ToEngine, ToGenerator } from './thread-engine.ts';

/** Worker entry: one generator on a thread of its own. Talks in plain messages only. */
const assignment = workerData as LoadAssignment;
const drain = new AbortController();
const cancel = new AbortController();

parentPort?.on('message', (message: ToGenerator) => {
  if (message === 'drain') drain.abort();
  else cancel.abort();
});
if (assignment.cpus !== undefined) bindThread(assignment.cpus);

try {
  const result = await runGenerator(assignment, {
    onStart: (instants) => tell({ kind: 'start', instants }),
    onProgress: (progress) => tell({ kind: 'progress', progress }),
    drain: drain.signal,
    cancel: cancel.signal,
  });
  tell({ kind: 'result', result });
} catch (error) {
  if (error instanceof UsageError) tell({ kind: 'usage', problems: error.problems });
  else
    tell({
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
}
parentPort?.close();

function tell(message: ToEngine): void {
  parentPort?.postMessage(message);
}
