import type { LoadAssignment, LoadResult, LoadWatch } from '../../harness/run/load-engine.ts';
import { threadEngine } from '../../harness/run/threads/thread-engine.ts';
import { METADATA } from './truth-answers.ts';

/** An assignment against the truth server; what a test does not say is small and harmless. */
export function assignment(url: string, changes: Partial<LoadAssignment> = {}): LoadAssignment {
  return {
    generator: { index: 0, of: 1 },
    seed: 1,
    load: { shape: 'open', arrivals: 'even', requestsPerS: 200 },
    warmupMs: 200,
    durationMs: 1000,
    drainMs: 1000,
    windowMs: 500,
    timeoutMs: 2000,
    maxInFlight: 256,
    endpoint: { url, headers: {} },
    protocol: 'oip-rest',
    transport: 'auto',
    model: { name: 'truth', inputs: METADATA.inputs, outputs: METADATA.outputs },
    workload: { rows: 1, encoding: 'json', inputs: {}, distinct: 'all' },
    abort: [],
    runId: 'test',
    ...changes,
  };
}

export function runLoad(
  given: LoadAssignment,
  watch: Partial<LoadWatch> = {},
  engine = threadEngine,
): Promise<LoadResult> {
  return engine.run(given, {
    onProgress: () => {},
    onStart: () => {},
    drain: new AbortController().signal,
    cancel: new AbortController().signal,
    ...watch,
  });
}
