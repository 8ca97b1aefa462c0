import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { conservationProblems } from '../../harness/record/conservation.ts';
import { onlyCase } from '../support/only-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferometer-replicas-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runWith(balancer: string, target: string, event: string) {
  const text = `
name: replicas
target:
  reference: { model: recommender, placement: worker, replicas: 2 }
  balancer: { kind: ${balancer} }${target}
events: [{ at: 1s, do: ${event}, replica: 1 }]
load: { poisson: { rate: 100/s } }
measure: { warmup: 1s, duration: 8s }
`;
  const { one, record } = await onlyCase(text, folder);
  expect(conservationProblems(record)).toEqual([]);
  return one;
}

const OVER = [
  ['inferometer', 'HTTP', ''],
  ['inferometer', 'gRPC', '\n  protocol: oip-grpc'],
  ['haproxy', 'HTTP', ''],
  ['haproxy', 'gRPC', '\n  protocol: oip-grpc'],
  ['nginx', 'HTTP', ''],
] as const;

it.each(OVER)('%s over %s: a replica is replaced under load', async (balancer, _, target) => {
  const { counts, serverArrivals, warmupCounts, changes, batch } = await runWith(
    balancer,
    target,
    'replica.replace',
  );
  expect(changes).toMatchObject([{ what: 'replica.replace 1', failed: false }]);
  expect(counts.scheduled).toBeGreaterThan(700);
  // nginx reads a new list of replicas by replacing its workers, whose idle connections close.
  if (balancer !== 'nginx') expect([counts.failed, counts.timedOut, counts.unsent]).toEqual([0, 0, 0]);
  if (balancer !== 'nginx') expect(serverArrivals).toBe(counts.sent + warmupCounts.sent);
  expect(batch).toMatchObject({ rowsExecuted: expect.any(Number) });
});

it.each(OVER)('%s over %s: a replica is killed under load', async (balancer, _, target) => {
  const { counts, changes, batch, serverArrivals, warmupCounts } = await runWith(
    balancer,
    target,
    'replica.kill',
  );
  expect(changes).toMatchObject([{ what: 'replica.kill 1', failed: false }]);
  // Each request has one end, and only those that the replica had are lost.
  expect(counts.ok).toBeGreaterThan(0.9 * counts.sent);
  expect(counts.timedOut + counts.inFlightAtEnd).toBe(0);
  const missing = 'a replica was killed, and its counters went with it';
  expect(batch).toEqual({ missing });
  const known = balancer === 'inferometer';
  expect(serverArrivals).toEqual(known ? counts.sent + warmupCounts.sent : { missing });
});
