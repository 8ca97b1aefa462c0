import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../harness/errors.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { conserved } from '../../../support/load-figures.ts';
import { startTruthServer } from '../../../support/start-truth-server.ts';
import type { TruthConfig } from '../../../support/truth-config.ts';

const CLOSED = { shape: 'closed', inFlight: 4, thinkTimeMs: 0 } as const;
const OPEN = { shape: 'open', arrivals: 'poisson', requestsPerS: 200 } as const;
const INSTANT: TruthConfig = { law: { kind: 'constant', delayMs: 1 } };

/** A port that nothing listens on. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

async function withServer<T>(config: TruthConfig, use: (url: string) => Promise<T>): Promise<T> {
  const server = await startTruthServer(config);
  try {
    return await use(server.url);
  } finally {
    await server.stop();
  }
}

describe('a run ends with values', () => {
  it.each([OPEN, CLOSED])('when nothing listens ($shape)', async (load) => {
    const result = await runLoad(assignment(await deadUrl(), { load }));
    expect(conserved(result)).toBe(true);
    expect(result.counts.byOutcome).toEqual({ 'connect-error': result.counts.sent });
    expect(result.connections.opened).toBe(0);
    // A refused closed loop must not spin: it asks as often as connecting is tried.
    if (load.shape === 'closed') expect(result.counts.sent).toBeLessThan(200);
  });

  it.each([OPEN, CLOSED])('when the server dies in the middle ($shape)', async (load) => {
    await withServer({ ...INSTANT, dieAfter: 60 }, async (url) => {
      const result = await runLoad(assignment(url, { load, warmupMs: 0 }));
      expect(conserved(result)).toBe(true);
      expect(result.counts.ok).toBeGreaterThan(0);
      expect(result.counts.byOutcome['connect-error']).toBeGreaterThan(0);
    });
  });

  it.each([OPEN, CLOSED])('when the server never answers ($shape)', async (load) => {
    await withServer({ ...INSTANT, fault: { kind: 'half-open', every: 1 } }, async (url) => {
      const result = await runLoad(assignment(url, { load, timeoutMs: 60_000, drainMs: 300 }));
      expect(conserved(result)).toBe(true);
      expect(result.counts.ok).toBe(0);
      expect(result.counts.inFlightAtEnd + result.counts.unsent).toBe(result.counts.scheduled);
    });
  });

  it('at the in-flight cap: what does not fit is unsent, what waits is not', async () => {
    await withServer({ law: { kind: 'constant', delayMs: 100 } }, async (url) => {
      const result = await runLoad(assignment(url, { load: OPEN, maxInFlight: 4, connections: 1 }));
      expect(conserved(result)).toBe(true);
      expect(result.counts.unsent).toBeGreaterThan(100);
      expect(result.counts.ok).toBeGreaterThan(5);
      expect(result.connections.opened).toBe(1);
    });
  });

  it('when an abort rule is broken', async () => {
    await withServer({ ...INSTANT, fault: { kind: 'status-503', every: 2 } }, async (url) => {
      const abort = [
        { expression: 'errors > 5% for 1s', metric: 'errors', above: 0.05, forMs: 1000 },
      ] as const;
      const result = await runLoad(assignment(url, { load: OPEN, durationMs: 20_000, abort }));
      expect(result.endedEarly).toContain('errors > 5% for 1s');
      expect(result.durationMs).toBeLessThan(10_000);
      expect(result.instants.measureEndAtMs - result.instants.measureAtMs).toBe(result.durationMs);
      expect(conserved(result)).toBe(true);
    });
  });

  it('when the user drains, and at once when the user cancels', async () => {
    await withServer({ law: { kind: 'constant', delayMs: 400 } }, async (url) => {
      const drain = new AbortController();
      const drained = runLoad(assignment(url, { load: OPEN, durationMs: 20_000 }), {
        onStart: () => setTimeout(() => drain.abort(), 1200),
        drain: drain.signal,
      });
      const cancel = new AbortController();
      const cancelled = runLoad(assignment(url, { load: OPEN, durationMs: 20_000 }), {
        onStart: () => setTimeout(() => cancel.abort(), 1200),
        cancel: cancel.signal,
      });
      const [first, second] = await Promise.all([drained, cancelled]);
      expect([conserved(first), conserved(second)]).toEqual([true, true]);
      expect([first.endedEarly, second.endedEarly].join()).toContain('interrupted');
      expect(first.counts.ok).toBe(first.counts.sent);
      expect(second.counts.cancelled).toBeGreaterThan(0);
      expect(second.counts.inFlightAtEnd).toBe(0);
    });
  });

  it('when the user interrupts before anything was measured', async () => {
    await withServer(INSTANT, async (url) => {
      const drain = AbortSignal.abort();
      const result = await runLoad(assignment(url, { warmupMs: 10_000 }), { drain });
      expect(result.durationMs).toBe(0);
      expect(result.counts.scheduled).toBe(0);
      expect(result.endedEarly).toContain('interrupted');
    });
  });
});

describe('what cannot be carried out as written', () => {
  it('is a usage error with every problem', async () => {
    const workload = {
      rows: 1,
      encoding: 'json',
      inputs: { y: 'normal(0, 1)', x: 'zipf' },
      distinct: 1,
    } as const;
    const run = runLoad(assignment('http://127.0.0.1:1', { workload }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(/no input y[\s\S]*zipf/);
  });

  it('refuses a scheme that it does not know', async () => {
    await expect(runLoad(assignment('ftp://127.0.0.1:1'))).rejects.toThrow(UsageError);
  });
});
