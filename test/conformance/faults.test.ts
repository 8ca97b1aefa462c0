import { beforeAll, describe, expect, it } from 'vitest';
import { readyHistograms } from '../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { conserved, sentToServer, withHistogram } from '../support/load-figures.ts';
import { startTruthServer } from '../support/start-truth-server.ts';
import type { FaultKind } from '../support/truth-config.ts';

/** Each fault becomes exactly one outcome, and never a latency. */
const OUTCOME_OF: readonly (readonly [FaultKind, string])[] = [
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

const FAULTS_WANTED = 200;
const NEVER_ANSWERED: readonly FaultKind[] = ['half-open', 'dribble'];

beforeAll(readyHistograms);

describe('a server with faults', () => {
  it.each(OUTCOME_OF)('%s is counted as %s, once a request', async (kind, outcome) => {
    // Every second request is answered well, but where the timeout is short: a busy machine could miss it.
    const hangs = NEVER_ANSWERED.includes(kind);
    const every = hangs ? 1 : 2;
    const law = { kind: 'constant', delayMs: 0 } as const;
    const server = await startTruthServer({ law, fault: { kind, every } });
    const load = { shape: 'open', arrivals: 'even', requestsPerS: FAULTS_WANTED * every } as const;
    const timeouts = { timeoutMs: hangs ? 200 : 5000, drainMs: 5000 };
    const result = await runLoad(
      assignment(server.url, { load, warmupMs: 0, maxInFlight: 1000, ...timeouts }),
    );
    const witness = await server.witness();
    await server.stop();

    const ok = FAULTS_WANTED * (every - 1);
    expect(result.counts.byOutcome).toEqual(
      ok === 0 ? { [outcome]: FAULTS_WANTED } : { ok, [outcome]: FAULTS_WANTED },
    );
    expect(witness.faults).toBe(FAULTS_WANTED);
    expect(sentToServer(result)).toBe(witness.arrivals);
    expect(conserved(result)).toBe(true);
    expect(result.counts.unsent).toBe(0);
    for (const name of ['response', 'service'] as const) {
      expect(withHistogram(result, name, (histogram) => histogram.count)).toBe(ok);
    }
    expect(withHistogram(result, 'allOutcomes', (histogram) => histogram.count)).toBe(result.counts.sent);
    expect(result.clamped).toEqual({ negative: 0, aboveRange: 0 });
  });
});
