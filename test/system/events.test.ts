import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { workplace } from './cli-process.ts';

const SCENARIO = `name: changing
question: What happens to requests while their model changes?
target: { reference: { model: demand-forecast, versions: { 2: demand-forecast }, batching: { maxRows: 4 }, placement: worker } }
load: { constant: { rate: 100/s } }
measure: { warmup: 200ms, duration: 4600ms, drain: 2s, seed: 3 }
events:
  - { at: 300ms,  do: model.load, version: 2 }
  - { at: 1200ms, do: split.set, weights: { 1: 75%, 2: 25% } }
  - { at: 1300ms, do: shadow.set, version: 2 }
  - { at: 2600ms, do: model.unload, version: 2 }
  - { at: 2800ms, do: model.unload }
  - { at: 3s,     do: split.set, weights: { 2: 100% } }
  - { at: 3100ms, do: model.load }
decide: { slo: ["p99 < 10s"] }
`;

const place = workplace();
let one: CaseRecord;
let report: string;

beforeAll(async () => {
  place.write('changing.yaml', SCENARIO);
  await place.run('run', 'changing.yaml');
  const [only] = place.latest().cases;
  if (only === undefined) throw new Error('no case');
  one = only;
  report = readFileSync(place.path('results', 'latest', 'report.html'), 'utf8');
}, 60_000);
afterAll(() => place.close());

test('each event happened at its time, in its order, and what is refused is told', () => {
  const { changes = [] } = one;
  expect(changes.map(({ what, failed }) => [what, failed])).toEqual([
    ['model.load version 2', false],
    ['split.set 1: 75%, 2: 25%', false],
    ['shadow.set version 2, 100% of the requests', false],
    ['model.unload version 2', false],
    ['model.unload', false],
    ['split.set 2: 100%', true],
    ['model.load', false],
  ]);
  for (const { atS, endS, plannedAtS } of changes) {
    expect(atS).toBeGreaterThanOrEqual(plannedAtS - 0.002);
    expect(endS).toBeGreaterThanOrEqual(atS);
  }
  expect(changes.map(({ atS }) => atS)).toEqual(changes.map(({ atS }) => atS).sort((a, b) => a - b));
  expect(place.latest().notices.map(({ id }) => id)).toContain('event-failed');
});

test('not a request is lost from the counts, though some found no model', () => {
  const { counts, warmupCounts, serverArrivals, versions = {}, shadow = {}, steady } = one;
  expect(serverArrivals).toBe(counts.sent + warmupCounts.sent);
  expect(counts.failed).toBeGreaterThan(0);
  expect(counts.byOutcome).toEqual({ ok: counts.ok, 'http-5xx': counts.failed });
  const answered = Object.values(versions).reduce((sum, count) => sum + count, 0);
  // The counters are read at about the start of the measure phase, among requests under way.
  expect(Math.abs(answered - counts.ok)).toBeLessThan(30);
  expect(versions['2']).toBeGreaterThan(0);
  const { copied = 0, ok = 0, failed = 0 } = shadow;
  expect(copied).toBeGreaterThan(0);
  expect(ok + failed).toBe(copied);
  expect(steady).toEqual({ verdict: 'not-assessed', message: expect.stringContaining('by design') });
});

test('the report shows what happened, with the worst window after it', () => {
  expect(report).toContain('split.set 1: 75%, 2: 25%');
  expect(report).toContain('FAILED: POST /v2/models/demand-forecast/routing: status');
  expect(report).toContain(`data-field="changes.0.atS"`);
  expect(place.processes()).toEqual([]);
});
