import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Problem, UsageError } from '../../errors.ts';
import { putOtherThreadsBehind } from '../../load/thread.ts';
import { packageFile } from '../../package-files.ts';
import {
  type LoadAssignment,
  type LoadEngine,
  type LoadProgress,
  type LoadResult,
  type LoadWatch,
  orderIn,
  type PhaseInstants,
} from '../load-engine.ts';
import { runTogether } from './generators-together.ts';

export type ToGenerator =
  | { readonly kind: 'start'; readonly atMs: number }
  /** The reason of the signal: an `EndOrder` where several generators are told at once. */
  | { readonly kind: 'drain' | 'cancel'; readonly reason: unknown };

export type ToEngine =
  | { readonly kind: 'ready' }
  | { readonly kind: 'start'; readonly instants: PhaseInstants }
  | { readonly kind: 'progress'; readonly progress: LoadProgress }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'usage'; readonly problems: readonly Problem[] }
  | { readonly kind: 'failed'; readonly message: string };

/** Our own engine: generators, each in a thread of its own (from `dist/`, whoever calls). */
export const threadEngine: LoadEngine = { name: 'inferometer', run: runInThreads };

// A pause makes arrivals late and answers look late. After 8 s of little allocation, which is what a low rate looks like,
// V8 starts to give memory back: several pauses of 4 to 6 ms a run. And a young generation that starts at 1 MiB is
// collected six times in 10,000 requests, for up to 6 ms while a thousand new connections survive.
for (const flag of ['--no-memory-reducer', '--min-semi-space-size=32', '--max-semi-space-size=32']) {
  setFlagsFromString(flag);
}

const SCHEMES = ['http:', 'https:', 'unix:', 'grpc:', 'grpcs:'];

/**
 * Rejects with UsageError when the assignment cannot be carried out as it is written, and with Error only for a bug of
 * ours: whatever the server does is in the result.
 */
function runInThreads(assignment: LoadAssignment, watch: LoadWatch): Promise<LoadResult> {
  clearTheWay(assignment);
  const { generators = 1, stop } = assignment;
  const driveOne = (one: LoadAssignment, its: LoadWatch) =>
    runOnThread('threads/generator-thread.js', one, its);
  return generators === 1 && stop === undefined
    ? driveOne(assignment, watch)
    : runTogether(assignment, watch, driveOne);
}

/** Up to here a generator that is not compiled yet still finds time to sleep. */
const SPARING_REQUESTS_PER_S = 10_000;

/**
 * Before the first generator of a case starts, so that none is put behind. Only arrivals with pauses between them leave
 * the others any time: a closed loop takes all of it. Threads that write a raw log must keep their share.
 */
function clearTheWay({ rawLog, load, generators = 1 }: LoadAssignment): void {
  const isClosed = load.shape === 'closed' || load.shape === 'offline';
  const isSparing = load.shape !== 'open' || load.requestsPerS / generators <= SPARING_REQUESTS_PER_S;
  putOtherThreadsBehind(rawLog === undefined && !isClosed && isSparing);
}

/** `entry`: the file in `run/`, as built, that answers with messages of the kind `ToEngine`. */
export async function runOnThread(
  entry: string,
  assignment: LoadAssignment,
  watch: LoadWatch,
): Promise<LoadResult> {
  const { url } = assignment.endpoint;
  if (!URL.canParse(url) || !SCHEMES.includes(new URL(url).protocol)) {
    throw new UsageError(`cannot drive ${url}`, 'Give a URL like http://host:port.');
  }
  const file = packageFile('dist', 'harness', 'run', entry);
  const worker = new Worker(file, { workerData: assignment });
  const tell = (message: ToGenerator): void => worker.postMessage(message);
  const drain = (): void => tell({ kind: 'drain', reason: orderIn(watch.drain) });
  const cancel = (): void => tell({ kind: 'cancel', reason: orderIn(watch.cancel) });
  watch.drain.addEventListener('abort', drain);
  watch.cancel.addEventListener('abort', cancel);
  if (watch.drain.aborted) drain();
  if (watch.cancel.aborted) cancel();
  try {
    return await resultOf(worker, watch, tell);
  } finally {
    watch.drain.removeEventListener('abort', drain);
    watch.cancel.removeEventListener('abort', cancel);
    await worker.terminate();
  }
}

function resultOf(
  worker: Worker,
  watch: LoadWatch,
  tell: (message: ToGenerator) => void,
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: ToEngine) => {
      if (message.kind === 'ready')
        void watch.startTogether?.().then((atMs) => tell({ kind: 'start', atMs }));
      else if (message.kind === 'start') watch.onStart(message.instants);
      else if (message.kind === 'progress') watch.onProgress(message.progress);
      else if (message.kind === 'result') resolve(message.result);
      else if (message.kind === 'usage') reject(new UsageError(message.problems));
      else reject(new Error(`the load generator failed: ${message.message}`));
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the load generator ended without a result (exit ${code})`)),
    );
  });
}
