import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { Buckets } from '../../harness/statistics/buckets.ts';
import { NO_REDIS } from '../support/redis-server.ts';
import { type Ended, workplace } from './cli-process.ts';

const place = workplace();
let ended: Ended;
let record: RunRecord;

/** Where there is no Redis that could be started, there is a second cache of the other kind. */
const REDIS =
  NO_REDIS === undefined ? 'redis: { kind: redis, size: 64MiB }' : 'redis: { kind: local, size: 32MiB }';
const SKIP =
  '[{ popularity: once, cache: ttl }, { popularity: again, cache: ttl }, { popularity: once, cache: redis }, { popularity: again, cache: redis }, { popularity: again, cache: none }]';

beforeAll(async () => {
  place.write(
    'caches.yaml',
    `question: Does a cache pay?
target: { reference: { model: demand-forecast } }
vary:
  cache:
    path: target.reference.cache
    values: { none: { kind: "off" }, local: { kind: local, size: 64MiB }, ttl: { kind: local, ttl: 60ms }, ${REDIS} }
  popularity:
    path: workload.keys
    values:
      once: { distribution: once }
      zipf: { distribution: zipf, s: 1, keys: 500 }
      again: { distribution: zipf, s: 1, keys: 400 }
skip: ${SKIP}
workload: { changeEvery: [2s, 150ms] }
load: { closed: { inFlight: 8 } }
measure: { warmup: 200ms, duration: 800ms, order: sequential, seed: 5 }
decide:
  report: [breakEvenHitRate, staleness]
  gates:
    - { where: { cache: local, popularity: zipf }, expect: ["cache.hitRate > 20%"] }
    - { where: { cache: local, popularity: once }, expect: ["cache.hitRate <= 0%"] }
    - { where: { cache: none }, expect: ["stale <= 0%"] }
    - { where: { cache: local, popularity: zipf }, expect: ["stale > 5%"] }
`,
  );
  ended = await place.run('run', 'caches.yaml');
  record = place.latest();
}, 60_000);
afterAll(() => place.close());

const KINDS: Readonly<Record<string, string>> = { none: 'off', local: 'local', ttl: 'local', redis: 'redis' };

test('a cache answers what came again, and nothing else: every look-up is a hit, a miss or a join', () => {
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(place.processes()).toEqual([]);
  for (const { id, axes, cache, classes, target } of record.cases) {
    if (NO_REDIS === undefined) expect(target.effective['cache.kind'], id).toBe(KINDS[axes.cache ?? '']);
    if (axes.cache === 'none') {
      expect(cache, id).toEqual({ missing: 'no request was looked up in a cache' });
      continue;
    }
    if (cache === undefined || isMissing(cache)) throw new Error(`${id}: no cache`);
    const { lookups, hits, misses, joins } = cache;
    expect(lookups, id).toBe(hits + misses + joins);
    expect(cache.errors, id).toBe(0);
    if (axes.cache === 'ttl') {
      expect(cache.expired, id).toBeGreaterThan(0);
      continue;
    }
    // It holds all and began empty, so what came again is what it answers, at once or with the first that asked.
    const repeats = classes.all?.payloads?.repeatShare ?? Number.NaN;
    expect(Math.abs((hits + joins) / lookups - repeats), id).toBeLessThan(0.03);
    if (axes.popularity === 'once') expect(hits + joins, id).toBe(0);
    else expect(hits, id).toBeGreaterThan(0);
  }
});

test('how old the answers were, and how many of them stale: about as many as changes at that rate let expect', () => {
  for (const { id, axes, cache, counts, staleness, histograms } of record.cases) {
    if (staleness === undefined) throw new Error(`${id}: not counted`);
    const { answers, aged, ageMs, changes } = staleness;
    expect(answers, id).toBe(counts.ok);
    expect(
      changes.map(({ everyMs }) => everyMs),
      id,
    ).toEqual([150, 2000]);
    if (axes.cache === 'none' || axes.popularity === 'once') {
      expect([aged, ...changes.map(({ stale }) => stale)], id).toEqual([0, 0, 0]);
      continue;
    }
    if (cache === undefined || isMissing(cache)) throw new Error(`${id}: no cache`);
    // The server's counters begin and end a few requests beside the measure phase.
    expect(Math.abs(aged / answers - (cache.hits + cache.joins) / cache.lookups), id).toBeLessThan(0.03);
    expect(Buckets.decode(histograms.age ?? '').count, id).toBe(aged);
    for (const { rate, expectedRate } of changes) {
      expect(expectedRate, id).toBeGreaterThan(0);
      // The most popular payload alone is a seventh of the requests, and its data changes early, late or not at all.
      expect(Math.abs(rate - expectedRate), id).toBeLessThan(0.2);
    }
    const [often, seldom] = changes.map(({ rate }) => rate);
    expect(often ?? 0, id).toBeGreaterThan(seldom ?? 1);
    if (axes.cache === 'ttl') continue;
    expect(ageMs.max, id).toBeGreaterThan(500);
  }
  const of = (cache: string) =>
    record.cases.find(({ axes }) => axes.cache === cache && axes.popularity === 'zipf')?.staleness
      ?.changes[0];
  // 60 ms and a computation against 150 ms: 1 - (150 / 60)(1 - e^(-0.4)) is 18 % of the aged, if they are asked for evenly.
  expect(of('ttl')?.expectedRate).toBeLessThan(0.5 * (of('local')?.expectedRate ?? 0));
});

test('the answer says from which hit rate on it pays, and the report shows what it did', async () => {
  // On a busy machine such short cases cannot tell, and then the answer says that.
  expect(record.answer.sentence).toMatch(/^(Cache|Whether cache) local pays /);
  const outcomes = record.cases.flatMap(({ gates }) => gates.map(({ outcome }) => outcome));
  expect(outcomes).toEqual(['pass', 'pass', 'pass', 'pass', 'pass']);
  expect(record.answer.details.join(' ')).toMatch(
    /cache local and popularity zipf gives \d+ % of its answers/,
  );
  expect(ended.stdout).toMatch(/hits +mean batch/);
});
