import { beforeAll, describe, expect, it } from 'vitest';
import { readyHistograms } from '../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { expectOneOutcomeEach, FAULT_MATRIX, runFault } from '../support/fault-run.ts';
import { conserved, withHistogram } from '../support/load-figures.ts';
import { startTruthServer } from '../support/start-truth-server.ts';

const REQUESTS = 10_000;
const REQUESTS_PER_S = 2000;

beforeAll(readyHistograms);

describe('ten thousand requests through a server with faults', () => {
  it.each(FAULT_MATRIX)('$protocol: $kind is $outcome, once a request', async (fault) => {
    const every = fault.hangs || fault.disowned ? 10 : 3;
    // Long enough that no sound answer is late, short enough that those that never come do not pile up.
    const timeoutMs = fault.hangs ? 2000 : 20_000;
    const requestsPerS = fault.hangs ? REQUESTS_PER_S / 2 : REQUESTS_PER_S;
    const run = { every, requests: REQUESTS, requestsPerS, timeoutMs };
    expectOneOutcomeEach(fault, run, await runFault(fault, run));
  });

  it('a port that nobody listens on is counted as connect-error', async () => {
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 } });
    await server.stop();
    const load = { shape: 'open', arrivals: 'even', requestsPerS: REQUESTS_PER_S } as const;
    const durationMs = (1000 * REQUESTS) / REQUESTS_PER_S;
    const result = await runLoad(
      assignment(server.url, { load, warmupMs: 0, durationMs, drainMs: 5000, maxInFlight: REQUESTS }),
    );
    expect(result.counts.byOutcome).toEqual({ 'connect-error': REQUESTS });
    expect(conserved(result)).toBe(true);
    expect(withHistogram(result, 'service', (histogram) => histogram.count)).toBe(0);
  });
});
