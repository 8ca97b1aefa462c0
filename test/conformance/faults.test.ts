import { beforeAll, describe, it } from 'vitest';
import { readyHistograms } from '../../harness/statistics/histogram.ts';
import { expectOneOutcomeEach, HTTP_OUTCOME_OF, NEVER_ANSWERED, runFault } from '../support/fault-run.ts';

const FAULTS_WANTED = 200;

beforeAll(readyHistograms);

/** Each fault becomes exactly one outcome, and never a latency. Ten thousand requests each: test/truth. */
describe('a server with faults', () => {
  it.each(HTTP_OUTCOME_OF)('%s is counted as %s, once a request', async (kind, outcome) => {
    // Every second request is answered well, but where the timeout is short: a busy machine could miss it.
    const hangs = NEVER_ANSWERED.includes(kind);
    const every = hangs ? 1 : 2;
    const requests = FAULTS_WANTED * every;
    const run = { kind, every, requests, requestsPerS: requests, timeoutMs: hangs ? 200 : 5000 };
    expectOneOutcomeEach(run, outcome, await runFault(run));
  });
});
