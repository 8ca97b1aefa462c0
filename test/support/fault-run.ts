import { expect } from 'vitest';
import type { LoadAssignment, LoadResult } from '../../harness/run/load-engine.ts';
import { assignment, runLoad } from './assignment.ts';
import { conserved, sentToServer, withHistogram } from './load-figures.ts';
import { startTruthServer, type TruthServer } from './start-truth-server.ts';
import type { FaultKind, GrpcFaultKind, Witness } from './truth-config.ts';

export interface Fault {
  readonly protocol: 'http' | 'grpc';
  readonly kind: FaultKind | GrpcFaultKind;
  /** What it must be counted as, and as nothing else. */
  readonly outcome: string;
  /** Only a timeout ends it. */
  readonly hangs: boolean;
  /** The server disowns the request, so that it may be sent again: it then arrives twice. */
  readonly disowned: boolean;
}

const HTTP_OUTCOMES: Readonly<Record<FaultKind, string>> = {
  'status-404': 'http-4xx',
  'status-429': 'http-429',
  'status-503': 'http-5xx',
  reset: 'reset',
  'reset-midway': 'truncated',
  close: 'reset',
  truncated: 'truncated',
  'half-open': 'timeout',
  dribble: 'timeout',
  'malformed-http': 'malformed',
  'malformed-json': 'malformed',
  'wrong-id': 'wrong-answer',
};

const GRPC_OUTCOMES: Readonly<Record<GrpcFaultKind, string>> = {
  'grpc-status-8': 'grpc-resource-exhausted',
  'grpc-status-14': 'grpc-unavailable',
  'rst-stream': 'reset',
  'rst-midway': 'truncated',
  goaway: 'ok',
  'goaway-graceful': 'ok',
  'no-trailers': 'malformed',
  'malformed-frame': 'malformed',
  'short-message': 'truncated',
  'truncated-stream': 'truncated',
  'half-open': 'timeout',
  dribble: 'timeout',
};

export const FAULT_MATRIX: readonly Fault[] = [
  ...Object.entries(HTTP_OUTCOMES).map(([kind, outcome]) => faultOf('http', kind as FaultKind, outcome)),
  ...Object.entries(GRPC_OUTCOMES).map(([kind, outcome]) => faultOf('grpc', kind as GrpcFaultKind, outcome)),
];

function faultOf(protocol: Fault['protocol'], kind: Fault['kind'], outcome: string): Fault {
  return { protocol, kind, outcome, hangs: outcome === 'timeout', disowned: kind === 'goaway' };
}

export interface FaultRun {
  /** Every how many-th request meets the fault. */
  readonly every: number;
  readonly requests: number;
  readonly requestsPerS: number;
  readonly timeoutMs: number;
}

/** An open loop of so many requests through one fault. */
export async function runFault(
  { protocol, kind, disowned }: Fault,
  { every, requests, requestsPerS, timeoutMs }: FaultRun,
): Promise<{ result: LoadResult; witness: Witness }> {
  const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 }, fault: { kind, every } });
  try {
    const result = await runLoad(
      assignment(server.url, {
        ...(protocol === 'grpc' ? grpcCalls(server.url) : {}),
        load: { shape: 'open', arrivals: 'even', requestsPerS },
        warmupMs: 0,
        durationMs: (1000 * requests) / requestsPerS,
        drainMs: timeoutMs + 5000,
        timeoutMs,
        // A call that comes back goes first, and a connection carries one: with so few connections it has arrived again
        // long before the next fault, so that none is disowned time and again until it has failed.
        connections: disowned ? 4 : 1000,
        maxInFlight: requests,
      }),
    );
    return { result, witness: await witnessOf(server, sentToServer(result)) };
  } finally {
    await server.stop();
  }
}

const WITNESS_MS = 10_000;
const LOOK_MS = 50;

/** A request that nobody waits for any more may still be on its way to the server: its count is taken when it has come. */
async function witnessOf(server: TruthServer, sent: number): Promise<Witness> {
  for (let leftMs = WITNESS_MS; ; leftMs -= LOOK_MS) {
    const witness = await server.witness();
    if (witness.arrivals >= sent || leftMs <= 0) return witness;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function grpcCalls(url: string): Partial<LoadAssignment> {
  return {
    protocol: 'grpc',
    endpoint: { url: url.replace('http', 'grpc'), headers: {} },
    grpc: { method: '/inference.GRPCInferenceService/ModelInfer', call: 'unary', metadata: {} },
  };
}

/** Conserved, equal to the server's own count, each fault one outcome, and no time of a failed request among the latencies. */
export function expectOneOutcomeEach(
  { outcome, disowned }: Fault,
  { requests, every }: FaultRun,
  { result, witness }: { readonly result: LoadResult; readonly witness: Witness },
): void {
  const lost = outcome === 'ok' ? 0 : Math.floor(requests / every);
  const ok = requests - lost;
  const expected = { ...(ok > 0 ? { ok } : {}), ...(lost > 0 ? { [outcome]: lost } : {}) };
  expect(result.counts.byOutcome).toEqual(expected);
  expect(witness.faults).toBe(Math.floor(witness.arrivals / every));
  expect(sentToServer(result)).toBe(witness.arrivals - (disowned ? witness.faults : 0));
  expect(conserved(result)).toBe(true);
  expect(result.counts).toMatchObject({ scheduled: requests, unsent: 0, inFlightAtEnd: 0 });
  for (const name of ['response', 'service'] as const) {
    expect(withHistogram(result, name, (histogram) => histogram.count)).toBe(ok);
  }
  expect(withHistogram(result, 'allOutcomes', (histogram) => histogram.count)).toBe(result.counts.sent);
  expect(result.clamped).toEqual({ negative: 0, aboveRange: 0 });
}
