import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cacheOfKind } from '../../../harness/targets/cache-statistics.ts';
import { addStatistics, parseStatistics, statisticsDelta } from '../../../harness/targets/statistics.ts';
import type { CacheCounters, ServerStatistics } from '../../../harness/targets/target.ts';

/** One version of a model whose cache counted so much. */
const version = ({ hits, misses, joins, evicted, expired, errors }: CacheCounters) => ({
  name: 'm',
  inference_count: misses,
  execution_count: misses,
  inference_stats: { cache_hit: { count: hits, ns: 1 }, cache_miss: { count: misses, ns: 1 } },
  batch_stats: [{ batch_size: 1, compute_infer: { count: misses, ns: 1 } }],
  inferometer: {
    arrivals: hits + misses + joins,
    cache_joins: joins,
    cache_left: { evicted, expired },
    cache_errors: { down: errors, slow: 0 },
  },
});
const counted = (...versions: readonly CacheCounters[]) =>
  parseStatistics({ model_stats: versions.map(version) }, 'm') as ServerStatistics;

const none: CacheCounters = { hits: 0, misses: 0, joins: 0, evicted: 0, expired: 0, errors: 0 };
const some = { hits: 60, misses: 35, joins: 5, evicted: 3, expired: 2, errors: 4 };

test('what a cache did in a case is the difference of two snapshots, and its hit rate is hits over lookups', () => {
  const before = { hits: 10, misses: 20, joins: 1, evicted: 1, expired: 0, errors: 1 };
  const after = { hits: 70, misses: 55, joins: 6, evicted: 4, expired: 2, errors: 5 };
  expect(statisticsDelta(counted(before), counted(after)).cache).toEqual({
    ...some,
    lookups: 100,
    hitRate: 0.6,
  });
});

test('a cache that was never asked, a server without one, and one that says nothing are each told apart from 0', () => {
  expect(statisticsDelta(counted(some), counted(some)).cache).toEqual({
    missing: 'no request was looked up in a cache',
  });
  const { cache: _, ...silent } = counted(some);
  expect(statisticsDelta(silent, silent).cache).toEqual({ missing: 'the server says nothing about a cache' });
  expect(statisticsDelta({ missing: 'none' }, counted(some)).cache).toEqual({ missing: 'none' });
  expect(statisticsDelta(counted(none), counted(some)).cache).toMatchObject({ hitRate: 0.6 });
});

const counters = fc.record({
  hits: fc.nat(1e6),
  misses: fc.nat(1e6),
  joins: fc.nat(1e6),
  evicted: fc.nat(1e6),
  expired: fc.nat(1e6),
  errors: fc.nat(1e6),
});

test('versions, servers and trials add up: whatever is looked up is a hit, a miss or a join', () => {
  fc.assert(
    fc.property(fc.array(counters, { minLength: 1, maxLength: 4 }), (all) => {
      const apart = all.map((one) => counted(one)).reduce(addStatistics);
      expect(apart.cache).toEqual(counted(...all).cache);
      const sum = (name: keyof CacheCounters) => all.reduce((total, one) => total + one[name], 0);
      const { cache } = statisticsDelta(counted(none), apart);
      const lookups = sum('hits') + sum('misses') + sum('joins');
      if (lookups === 0) expect(cache).toHaveProperty('missing');
      else expect(cache).toMatchObject({ lookups, hits: sum('hits'), evicted: sum('evicted') });
      return true;
    }),
    { numRuns: 50 },
  );
});

test('what left a Redis is not 0 but unknown', () => {
  const { cache } = statisticsDelta(counted(none), counted(some));
  expect(cacheOfKind(cache, 'local')).toBe(cache);
  const unknown = { missing: expect.stringContaining('a Redis does not tell') };
  expect(cacheOfKind(cache, 'redis')).toEqual({ ...cache, evicted: unknown, expired: unknown });
});
