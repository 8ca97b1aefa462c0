import { describe, it } from 'vitest';
import { expectOneOutcomeEach, FAULT_MATRIX, runFault } from '../support/fault-run.ts';

const FAULTS_WANTED = 200;

/** Each fault becomes exactly one outcome, and never a latency. Ten thousand requests each: test/truth. */
describe('a server with faults', () => {
  it.each(FAULT_MATRIX)('$protocol: $kind is $outcome, once a request', async (fault) => {
    // Every second request is answered well, but where the timeout is short: a busy machine could miss it. A call that is
    // disowned must have come again before the next fault.
    const every = fault.hangs ? 1 : fault.disowned ? 20 : 2;
    const requests = FAULTS_WANTED * Math.min(every, 2);
    const run = { every, requests, requestsPerS: 2 * requests, timeoutMs: fault.hangs ? 200 : 5000 };
    expectOneOutcomeEach(fault, run, await runFault(fault, run));
  });
});
