import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { NO_REDIS } from '../support/redis-server.ts';
import { type Ended, workplace } from './cli-process.ts';

const place = workplace();
let ended: Ended;
let record: RunRecord;

/** Where there is no Redis that could be started, there is a second cache of the other kind. */
const REDIS =
  NO_REDIS === undefined ? 'redis: { kind: redis, size: 64MiB }' : 'redis: { kind: local, size: 32MiB }';
const SKIP =
  '[{ popularity: once, cache: redis }, { popularity: again, cache: redis }, { popularity: again, cache: none }]';

beforeAll(async () => {
  place.write(
    'caches.yaml',
    `question: Does a cache pay?
target: { reference: { model: demand-forecast } }
vary:
  cache:
    path: target.reference.cache
    values: { none: { kind: "off" }, local: { kind: local, size: 64MiB }, ${REDIS} }
  popularity:
    path: workload.keys
    values:
      once: { distribution: once }
      zipf: { distribution: zipf, s: 1, keys: 500 }
      again: { distribution: zipf, s: 1, keys: 400 }
skip: ${SKIP}
load: { closed: { inFlight: 8 } }
measure: { warmup: 200ms, duration: 800ms, order: sequential, seed: 5 }
decide:
  report: [breakEvenHitRate]
  gates:
    - { where: { cache: local, popularity: zipf }, expect: ["cache.hitRate > 20%"] }
    - { where: { cache: local, popularity: once }, expect: ["cache.hitRate <= 0%"] }
`,
  );
  ended = await place.run('run', 'caches.yaml');
  record = place.latest();
}, 60_000);
afterAll(() => place.close());

const KINDS: Readonly<Record<string, string>> = { none: 'off', local: 'local', redis: 'redis' };

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
    // It holds all and began empty, so what came again is what it answers, at once or with the first that asked.
    const repeats = classes.all?.payloads?.repeatShare ?? Number.NaN;
    expect(Math.abs((hits + joins) / lookups - repeats), id).toBeLessThan(0.03);
    if (axes.popularity === 'once') expect(hits + joins, id).toBe(0);
    else expect(hits, id).toBeGreaterThan(0);
  }
});

test('the answer says from which hit rate on it pays, and the report shows what it did', async () => {
  expect(record.answer.sentence).toMatch(/^Cache local pays /);
  expect(record.cases.flatMap(({ gates }) => gates.map(({ outcome }) => outcome))).toEqual(['pass', 'pass']);
  expect(ended.stdout).toMatch(/hits +mean batch/);
});
