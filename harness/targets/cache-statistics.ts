import { isMissing, type Missing } from '../record/figures.ts';
import type { Cache } from '../record/watched.ts';
import type { CacheCounters, ServerStatistics } from './target.ts';

/** What one item of a server's statistics says of its cache. */
export interface CacheStats {
  readonly inference_stats?: {
    readonly cache_hit?: { readonly count?: number };
    readonly cache_miss?: { readonly count?: number };
  };
  readonly inferometer?: {
    readonly cache_joins?: number;
    readonly cache_left?: Readonly<Record<string, number>>;
    readonly cache_errors?: Readonly<Record<string, number>>;
  };
}

/** Summed over the versions of a model. A server without a cache counts nothing, or does not have the fields. */
export function cacheCounters(stats: readonly CacheStats[]): CacheCounters {
  const sum = (pick: (item: CacheStats) => number | undefined) =>
    stats.reduce((total, item) => total + (pick(item) ?? 0), 0);
  return {
    hits: sum((item) => item.inference_stats?.cache_hit?.count),
    misses: sum((item) => item.inference_stats?.cache_miss?.count),
    joins: sum((item) => item.inferometer?.cache_joins),
    evicted: sum((item) => item.inferometer?.cache_left?.evicted),
    expired: sum((item) => item.inferometer?.cache_left?.expired),
    errors: sum(({ inferometer }) =>
      Object.values(inferometer?.cache_errors ?? {}).reduce((a, b) => a + b, 0),
    ),
  };
}

/** What the cache did between two snapshots, or why that cannot be said. */
export function cacheDelta(
  { cache: before }: ServerStatistics,
  { cache: after }: ServerStatistics,
): Cache | Missing {
  if (before === undefined || after === undefined) {
    return { missing: 'the server says nothing about a cache' };
  }
  const counts: CacheCounters = {
    hits: after.hits - before.hits,
    misses: after.misses - before.misses,
    joins: after.joins - before.joins,
    evicted: after.evicted - before.evicted,
    expired: after.expired - before.expired,
    errors: after.errors - before.errors,
  };
  const lookups = counts.hits + counts.misses + counts.joins;
  if (lookups === 0) return { missing: 'no request was looked up in a cache' };
  return { ...counts, lookups, hitRate: counts.hits / lookups };
}

/** What leaves a Redis only that knows, so of such a cache the server's counters of it say nothing. */
export function cacheOfKind(found: Cache | Missing, kind: unknown): Cache | Missing {
  if (isMissing(found) || kind !== 'redis') return found;
  return { ...found, evicted: NOT_TOLD, expired: NOT_TOLD };
}

const NOT_TOLD: Missing = { missing: 'a Redis does not tell the server which answers left it' };
