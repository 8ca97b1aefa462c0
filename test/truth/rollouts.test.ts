import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { onlyCase } from '../support/only-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferometer-rollouts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As many requests as the server takes, while a version comes, gets copies, a half and all of them, and goes at once. */
async function rollout(target: string) {
  const text = `
name: rollouts
target:
  reference: { model: demand-forecast, versions: { 2: demand-forecast }, placement: worker, batching: { maxRows: 4 } }${target}
load: { closed: { inFlight: 16 } }
measure: { warmup: 200ms, duration: 4s, trials: 2 }
events:
  - { at: 200ms,  do: model.load, version: 2 }
  - { at: 1500ms, do: shadow.set, version: 2 }
  - { at: 2s,     do: split.set, weights: { 1: 50%, 2: 50% } }
  - { at: 2500ms, do: split.set, weights: { 2: 100% } }
  - { at: 3s,     do: model.unload, version: 2 }
  - { at: 3500ms, do: shadow.set }
`;
  return (await onlyCase(text, folder)).one;
}

it.each([
  ['HTTP', ''],
  ['gRPC', '\n  protocol: oip-grpc'],
  ['a gRPC stream', '\n  protocol: oip-grpc\n  stream: true'],
])('over %s nothing is lost while versions come and go', async (_, target) => {
  const {
    counts,
    warmupCounts,
    serverArrivals,
    changes = [],
    versions = {},
    shadow = {},
  } = await rollout(target);
  expect(changes.filter(({ failed }) => failed)).toEqual([]);
  expect(changes.map(({ trial }) => trial)).toEqual([...Array(6).fill(0), ...Array(6).fill(1)]);
  expect(counts.sent).toBe(counts.ok + counts.inFlightAtEnd);
  expect(counts.ok).toBeGreaterThan(500);
  expect(serverArrivals).toBe(counts.sent + warmupCounts.sent);
  expect(versions['2']).toBeGreaterThan(50);
  const { copied = 0, ok = 0, failed = 0 } = shadow;
  expect(copied).toBeGreaterThan(50);
  expect([ok, failed]).toEqual([copied, 0]);
});
