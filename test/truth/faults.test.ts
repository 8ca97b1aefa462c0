import { describe, expect, it } from 'vitest';
import { assignment, runLoad } from '../support/assignment.ts';
import {
  expectOneOutcomeEach,
  FAULT_MATRIX,
  type Fault,
  type FaultRun,
  runFault,
} from '../support/fault-run.ts';
import { conserved, withHistogram } from '../support/load-figures.ts';
import { onQuietMachine } from '../support/real-time.ts';

const REQUESTS = 10_000;
const REQUESTS_PER_S = 2000;
/** No program is given this port by chance, as it may be given one that another has just left. */
const REFUSED = 'http://127.0.0.1:1';

describe('ten thousand requests through a server with faults', () => {
  it.for(FAULT_MATRIX.map((fault) => [titleOf(fault), fault] as const))('%s', async ([, fault], context) => {
    const run = runOf(fault);
    const attempt = async () => expectOneOutcomeEach(fault, run, await runFault(fault, run));
    // Where the timeout must be short, a machine that stands still for so long makes sound answers late.
    await (fault.hangs ? onQuietMachine(context, attempt) : attempt());
  });

  it('a port that nobody listens on is counted as connect-error', async () => {
    const load = { shape: 'open', arrivals: 'even', requestsPerS: REQUESTS_PER_S } as const;
    const durationMs = (1000 * REQUESTS) / REQUESTS_PER_S;
    const result = await runLoad(
      assignment(REFUSED, { load, warmupMs: 0, durationMs, drainMs: 5000, maxInFlight: REQUESTS }),
    );
    expect(result.counts.byOutcome).toEqual({ 'connect-error': REQUESTS });
    expect(conserved(result)).toBe(true);
    expect(withHistogram(result, 'service', (histogram) => histogram.count)).toBe(0);
  });
});

function titleOf({ protocol, kind, outcome }: Fault): string {
  return `${protocol}: ${kind} is ${outcome}, once a request`;
}

function runOf({ hangs, disowned }: Fault): FaultRun {
  // Short enough that those that never come do not pile up.
  if (hangs) return { requests: REQUESTS, requestsPerS: REQUESTS_PER_S / 2, every: 20, timeoutMs: 4000 };
  // Rarely, because a call that is disowned must have come again before the next fault.
  return { requests: REQUESTS, requestsPerS: REQUESTS_PER_S, every: disowned ? 20 : 3, timeoutMs: 20_000 };
}
