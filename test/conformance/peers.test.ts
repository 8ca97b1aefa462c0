import { describe, expect, it } from 'vitest';
import { summariseCase } from '../../harness/run/cases/case-summary.ts';
import { LOAD_ENGINES } from '../../harness/run/engines.ts';
import type { LoadAssignment, LoadResult } from '../../harness/run/load-engine.ts';
import { Buckets } from '../../harness/statistics/buckets.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { conserved, percentileMs, sentToServer, withHistogram } from '../support/load-figures.ts';
import { startTruthServer, type TruthServer } from '../support/start-truth-server.ts';
import type { FaultKind, TruthConfig } from '../support/truth-config.ts';

const CLOSED = { shape: 'closed', inFlight: 4, thinkTimeMs: 0 } as const;
const DELAY_MS = 10;

async function against<T>(config: TruthConfig, act: (server: TruthServer) => Promise<T>): Promise<T> {
  const server = await startTruthServer(config);
  try {
    return await act(server);
  } finally {
    await server.stop();
  }
}

function autocannonLoad(url: string, changes: Partial<LoadAssignment> = {}): Promise<LoadResult> {
  return runLoad(assignment(url, { load: CLOSED, ...changes }), {}, LOAD_ENGINES.autocannon);
}

const DRIVERS = [
  ['our engine', (url: string) => runLoad(assignment(url, { load: CLOSED }))],
  [
    "our engine over Node's sockets",
    (url: string) => runLoad(assignment(url, { load: CLOSED, transport: 'node' })),
  ],
  ['node-http', (url: string) => runLoad(assignment(url, { load: CLOSED, transport: 'node-http' }))],
  ['autocannon', (url: string) => autocannonLoad(url)],
] as const;

describe('the same small closed load', () => {
  it.concurrent.each(DRIVERS)('%s counts what the server counts, and is not faster than it', (_, drive) =>
    against({ law: { kind: 'constant', delayMs: DELAY_MS } }, async (server) => {
      const result = await drive(server.url);
      const { arrivals } = await server.witness();
      expect(arrivals).toBeGreaterThan(0);
      expect(sentToServer(result)).toBe(arrivals);
      expect(conserved(result)).toBe(true);
      expect(result.counts.byOutcome).toEqual({ ok: result.counts.sent });
      // Four in flight, each at least the delay long: no more than this can be.
      expect(result.counts.sent).toBeLessThanOrEqual((4 * (result.durationMs + DELAY_MS)) / DELAY_MS);
      expect(percentileMs(result, 'service', 50)).toBeGreaterThanOrEqual(DELAY_MS);
      expect(withHistogram(result, 'service', ({ count }) => count)).toBe(result.counts.ok);
      expect(result.clamped.negative).toBe(0);
    }),
  );
});

describe('autocannon as an engine', () => {
  it('has service times, and a reason for every time that it cannot know', () =>
    against({ law: { kind: 'constant', delayMs: 1 } }, async (server) => {
      const result = await autocannonLoad(server.url);
      const { latencyMs, throughput, windows, credibility } = summariseCase({
        trials: [{ startedAt: '', results: [result] }],
        load: {
          ...CLOSED,
          label: 'saturation',
          connections: 4,
          maxInFlight: 4,
          timeoutMs: 2000,
          seed: 1,
        },
        headline: 'p99',
        causes: [],
      });
      for (const name of ['response', 'sendLag', 'dispatchLag'] as const) {
        for (const figure of Object.values(latencyMs[name])) {
          expect(figure).toEqual({ missing: expect.stringContaining('autocannon') });
        }
      }
      expect(latencyMs.service.mean).toBeGreaterThanOrEqual(1);
      expect(throughput.requestsPerS).toBeGreaterThan(0);
      expect(windows.every(({ responseP50Ms }) => typeof responseP50Ms === 'object')).toBe(true);
      expect(credibility.status).toMatch(/^(valid|inconclusive)$/);
    }));

  it('sends no payload twice where all must differ', () =>
    against({ law: { kind: 'constant', delayMs: 2 }, keepIds: true }, async (server) => {
      await autocannonLoad(server.url, { warmupMs: 0, durationMs: 300 });
      const { arrivals, ids } = await server.witness();
      expect(new Set(ids).size).toBe(arrivals);
    }));

  // A malformed answer is no answer to it: it waits until its timeout.
  it.concurrent.each<readonly [FaultKind, string]>([
    ['status-503', 'http-5xx'],
    ['reset-midway', 'truncated'],
    ['close', 'reset'],
    ['half-open', 'timeout'],
    ['malformed-http', 'timeout'],
  ])('loses no request to %s, which it counts as %s', (kind, outcome) =>
    against({ law: { kind: 'constant', delayMs: 1 }, fault: { kind, every: 5 } }, async (server) => {
      const result = await autocannonLoad(server.url, { warmupMs: 0, timeoutMs: 1000, drainMs: 2000 });
      const { arrivals, faults } = await server.witness();
      expect(result.counts.byOutcome[outcome]).toBe(faults);
      expect(Object.keys(result.counts.byOutcome).sort()).toEqual(['ok', outcome].sort());
      expect(sentToServer(result)).toBe(arrivals);
      expect(conserved(result)).toBe(true);
      const service = Buckets.decode(result.histograms.service);
      expect(service.count).toBe(result.counts.ok);
      // One request at a time on each connection: together they cannot have taken longer than there was time.
      expect(service.count * (service.meanMs() ?? 0)).toBeLessThanOrEqual(4 * result.clock.monotonicMs);
    }),
  );

  it('ends when nobody listens, with nothing but connect errors', async () => {
    const server = await startTruthServer({ law: { kind: 'constant', delayMs: 0 } });
    await server.stop();
    const result = await autocannonLoad(server.url, { warmupMs: 0, durationMs: 200 });
    expect(Object.keys(result.counts.byOutcome)).toEqual(['connect-error']);
    expect(conserved(result)).toBe(true);
  });

  it('drains at the first interrupt and keeps what it has', () =>
    against({ law: { kind: 'constant', delayMs: 5 } }, async (server) => {
      const drain = new AbortController();
      setTimeout(() => drain.abort(), 400);
      const result = await runLoad(
        assignment(server.url, { load: CLOSED, warmupMs: 0, durationMs: 60_000 }),
        { drain: drain.signal },
        LOAD_ENGINES.autocannon,
      );
      expect(result.endedEarly).toMatch(/interrupted/);
      expect(result.counts.inFlightAtEnd).toBe(0);
      expect(sentToServer(result)).toBe((await server.witness()).arrivals);
    }));
});
