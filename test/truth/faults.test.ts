import { beforeAll, describe, expect, it } from 'vitest';
import { readyHistograms } from '../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { expectOneOutcomeEach, HTTP_OUTCOME_OF, NEVER_ANSWERED, runFault } from '../support/fault-run.ts';
import { conserved, withHistogram } from '../support/load-figures.ts';
import { startTruthServer } from '../support/start-truth-server.ts';

const REQUESTS = 10_000;

beforeAll(readyHistograms);

describe('ten thousand requests through a server with faults', () => {
  it.each(HTTP_OUTCOME_OF)('%s is counted as %s, once a request', async (kind, outcome) => {
    const hangs = NEVER_ANSWERED.includes(kind);
    // Long enough that no sound answer is late, short enough that those that never come do not pile up.
    const run = {
      kind,
      every: hangs ? 10 : 3,
      requests: REQUESTS,
      requestsPerS: 1000,
      timeoutMs: hangs ? 2000 : 20_000,
    };
    expectOneOutcomeEach(run, outcome, await runFault(run));
  });

  it('a port that nobody listens on is counted as connect-error', async () => {
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 } });
    await server.stop();
    const load = { shape: 'open', arrivals: 'even', requestsPerS: 2000 } as const;
    const durationMs = (1000 * REQUESTS) / load.requestsPerS;
    const result = await runLoad(
      assignment(server.url, { load, warmupMs: 0, durationMs, drainMs: 5000, maxInFlight: 2000 }),
    );
    expect(result.counts.byOutcome).toEqual({ 'connect-error': REQUESTS });
    expect(conserved(result)).toBe(true);
    expect(withHistogram(result, 'service', (histogram) => histogram.count)).toBe(0);
  });
});
