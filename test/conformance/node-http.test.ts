import { describe, expect, it } from 'vitest';
import { assignment, runLoad } from '../support/assignment.ts';
import { conserved, sentToServer } from '../support/load-figures.ts';
import { startTruthServer } from '../support/start-truth-server.ts';
import type { FaultKind } from '../support/truth-config.ts';

/** What Node's client can tell apart, it must tell as our own engine does. */
const OUTCOME_OF: readonly (readonly [FaultKind, string])[] = [
  ['status-503', 'http-5xx'],
  ['reset', 'reset'],
  ['reset-midway', 'truncated'],
  ['close', 'reset'],
  ['half-open', 'timeout'],
  ['dribble', 'timeout'],
  ['malformed-http', 'malformed'],
  ['wrong-id', 'wrong-answer'],
];
const FAULTS_WANTED = 40;

describe('the node-http transport', () => {
  it.concurrent.each(OUTCOME_OF)('counts %s as %s, once a request', async (kind, outcome) => {
    const hangs = kind === 'half-open' || kind === 'dribble';
    const every = hangs ? 1 : 2;
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 }, fault: { kind, every } });
    const result = await runLoad(
      assignment(server.url, {
        transport: 'node-http',
        load: { shape: 'open', arrivals: 'even', requestsPerS: 4 * FAULTS_WANTED * every },
        warmupMs: 0,
        durationMs: 250,
        timeoutMs: hangs ? 200 : 5000,
        drainMs: 5000,
      }),
    );
    const witness = await server.witness();
    await server.stop();

    const ok = FAULTS_WANTED * (every - 1);
    expect(result.counts.byOutcome).toEqual({ ...(ok > 0 && { ok }), [outcome]: FAULTS_WANTED });
    expect(witness.faults).toBe(FAULTS_WANTED);
    expect(sentToServer(result)).toBe(witness.arrivals);
    expect(conserved(result)).toBe(true);
  });

  it('says connect-error of a port where nobody listens', async () => {
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 } });
    await server.stop();
    const result = await runLoad(
      assignment(server.url, { transport: 'node-http', warmupMs: 0, durationMs: 200 }),
    );
    expect(result.counts.byOutcome).toEqual({ 'connect-error': 40 });
    expect(conserved(result)).toBe(true);
  });
});
