import { expect } from 'vitest';
import type { LoadAssignment, LoadResult } from '../../harness/run/load-engine.ts';
import { assignment, runLoad } from './assignment.ts';
import { conserved, sentToServer, withHistogram } from './load-figures.ts';
import { startTruthServer } from './start-truth-server.ts';
import type { FaultKind, GrpcFaultKind, Witness } from './truth-config.ts';

/** What each fault of an HTTP server must be counted as, and as nothing else. */
export const HTTP_OUTCOME_OF: readonly (readonly [FaultKind, string])[] = [
  ['status-404', 'http-4xx'],
  ['status-429', 'http-429'],
  ['status-503', 'http-5xx'],
  ['reset', 'reset'],
  ['reset-midway', 'truncated'],
  ['close', 'reset'],
  ['truncated', 'truncated'],
  ['half-open', 'timeout'],
  ['dribble', 'timeout'],
  ['malformed-http', 'malformed'],
  ['malformed-json', 'malformed'],
  ['wrong-id', 'wrong-answer'],
];

/** Faults that only a timeout ends. */
export const NEVER_ANSWERED: readonly string[] = ['half-open', 'dribble'];

export interface FaultRun {
  readonly kind: FaultKind | GrpcFaultKind;
  /** Every how many-th request meets the fault. */
  readonly every: number;
  readonly requests: number;
  readonly requestsPerS: number;
  readonly timeoutMs: number;
}

/** An open loop of so many requests through one fault. */
export async function runFault(
  { kind, every, requests, requestsPerS, timeoutMs }: FaultRun,
  changes: Partial<LoadAssignment> = {},
): Promise<{ result: LoadResult; witness: Witness }> {
  const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 }, fault: { kind, every } });
  try {
    const result = await runLoad(
      assignment(server.url, {
        load: { shape: 'open', arrivals: 'even', requestsPerS },
        warmupMs: 0,
        durationMs: (1000 * requests) / requestsPerS,
        drainMs: timeoutMs + 5000,
        timeoutMs,
        connections: 1000,
        maxInFlight: requests,
        ...changes,
      }),
    );
    return { result, witness: await server.witness() };
  } finally {
    await server.stop();
  }
}

/** Conserved, equal to the server's own count, each fault one outcome, and no time of a failed request among the latencies. */
export function expectOneOutcomeEach(
  { requests, every }: Pick<FaultRun, 'requests' | 'every'>,
  outcome: string,
  { result, witness }: { readonly result: LoadResult; readonly witness: Witness },
): void {
  const faults = Math.floor(requests / every);
  const ok = requests - faults;
  expect(result.counts.byOutcome).toEqual(ok === 0 ? { [outcome]: faults } : { ok, [outcome]: faults });
  expect(witness.faults).toBe(faults);
  expect(sentToServer(result)).toBe(witness.arrivals);
  expect(conserved(result)).toBe(true);
  expect(result.counts).toMatchObject({ scheduled: requests, unsent: 0, inFlightAtEnd: 0 });
  for (const name of ['response', 'service'] as const) {
    expect(withHistogram(result, name, (histogram) => histogram.count)).toBe(ok);
  }
  expect(withHistogram(result, 'allOutcomes', (histogram) => histogram.count)).toBe(result.counts.sent);
  expect(result.clamped).toEqual({ negative: 0, aboveRange: 0 });
}
