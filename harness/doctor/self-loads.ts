import type { Figure } from '../record/figures.ts';
import { LOAD_ENGINES } from '../run/engines.ts';
import type { LoadAssignment, LoadResult } from '../run/load-engine.ts';
import type { EngineName, TransportName } from '../scenario/load-spec.ts';
import { Buckets } from '../statistics/buckets.ts';
import { samplesNeeded } from '../statistics/samples-needed.ts';

/** A load against the null server, which only says how good the driver is. */
export interface SelfLoad {
  readonly load: LoadAssignment['load'];
  readonly durationMs: number;
  readonly engine?: EngineName;
  readonly transport?: TransportName;
  readonly protocol: 'http' | 'grpc';
}

export interface SelfLoadPlace {
  readonly url: string;
  readonly generatorCpu: number | undefined;
  readonly signal: AbortSignal;
}

const WARMUP_MS = 500;
const MODEL = 'null';

/** Drives one load. Throws when not one request was answered, or when it was interrupted. */
export async function drive(
  asked: SelfLoad,
  { url, generatorCpu, signal }: SelfLoadPlace,
): Promise<LoadResult> {
  const assignment: LoadAssignment = {
    generator: { index: 0, of: 1 },
    seed: 1,
    load: asked.load,
    warmupMs: WARMUP_MS,
    durationMs: asked.durationMs,
    drainMs: 1000,
    windowMs: 500,
    timeoutMs: 2000,
    maxInFlight: 1024,
    endpoint: { url: asked.protocol === 'grpc' ? url.replace('http:', 'grpc:') : url, headers: {} },
    protocol: asked.protocol,
    grpc: { method: '/null.Service/Call', call: 'unary', metadata: {} },
    transport: asked.transport ?? 'auto',
    model: { name: MODEL, inputs: [], outputs: [] },
    workload: { rows: 1, encoding: 'json', inputs: {}, distinct: 1 },
    abort: [],
    runId: 'doctor',
    ...(generatorCpu === undefined ? {} : { cpus: [generatorCpu] }),
  };
  const engine = LOAD_ENGINES[asked.engine ?? 'inferometer'];
  const watch = { onProgress: () => {}, onStart: () => {}, drain: signal, cancel: signal };
  const result = await engine.run(assignment, watch);
  if (signal.aborted) throw new Error('interrupted');
  const { ok, byOutcome } = result.counts;
  if (ok === 0) throw new Error(`nothing was answered: ${JSON.stringify(byOutcome)}`);
  return result;
}

export function requestsPerS({ completedInPhase, durationMs }: LoadResult): number {
  return (1000 * completedInPhase.requests) / durationMs;
}

/** Of the generator's own threads, over the requests that completed. */
export function cpuUsPerRequest(result: LoadResult): Figure {
  const { generatorCpuCores } = result;
  if (generatorCpuCores === undefined) return { missing: 'the CPU time of threads cannot be read here' };
  return (1e6 * generatorCpuCores) / requestsPerS(result);
}

/** A percentile in milliseconds, where there are the requests to show it. `p` as in 0.99. */
export function percentileMs(result: LoadResult, name: 'service' | 'sendLag', p: number): Figure {
  const values = Buckets.decode(result.histograms[name]);
  const needed = samplesNeeded(p);
  if (values.count < needed) return { missing: `${values.count} requests; it needs ${needed}` };
  return values.percentileMs(100 * p) ?? { missing: 'nothing was answered' };
}
