import { type Figure, isMissing, type Missing } from '../record/figures.ts';
import type { Batch, Cache } from '../record/watched.ts';
import { type CacheStats, cacheCounters, cacheDelta } from './cache-statistics.ts';
import { type HttpJson, wordsOf } from './http-json.ts';
import { modelPath } from './open-inference.ts';
import type { ServerStatistics } from './target.ts';

interface Duration {
  readonly count?: number;
  readonly ns?: number;
}
type Durations = Readonly<Record<string, Duration | undefined>>;

interface ModelStats extends CacheStats {
  readonly name?: string;
  readonly version?: string;
  readonly inference_count?: number;
  readonly execution_count?: number;
  readonly inference_stats?: Durations & CacheStats['inference_stats'];
  readonly batch_stats?: readonly { readonly batch_size?: number; readonly compute_infer?: Duration }[];
  /** Our own server's additions. */
  readonly inferometer?: CacheStats['inferometer'] & {
    readonly arrivals?: number;
    readonly padded_rows?: number;
    readonly release?: Readonly<Record<string, number>>;
    readonly shadow?: Readonly<Record<string, number>>;
  };
}

const COMPUTE = ['compute_input', 'compute_infer', 'compute_output'] as const;

/** The statistics extension of one model, or why there is none; a server that has gone away is a reason too. */
export async function readStatistics(http: HttpJson, model: string): Promise<ServerStatistics | Missing> {
  const path = modelPath(model, '/stats');
  try {
    const answer = await http.ask('GET', path);
    if (answer.ok) return parseStatistics(answer.json, model);
    return { missing: `the server has no statistics (GET ${path}: ${wordsOf(answer)})` };
  } catch (cause) {
    return { missing: `the server's statistics could not be read: ${(cause as Error).message}` };
  }
}

/** Of several models together; missing when that of one is. */
export async function readStatisticsOf(
  http: HttpJson,
  models: readonly string[],
): Promise<ServerStatistics | Missing> {
  const all = await Promise.all(models.map((model) => readStatistics(http, model)));
  const known = all.filter((one): one is ServerStatistics => !isMissing(one));
  const missing = all.find(isMissing);
  if (missing !== undefined || known.length === 1) return missing ?? known.reduce(addStatistics);
  // Version 2 of one model and of another are not the same thing.
  return known.map(({ byVersion: _, ...counted }): ServerStatistics => counted).reduce(addStatistics);
}

/**
 * Triton's statistics answer (`{"model_stats": [...]}`, durations as `{count, ns}`), summed over the model's
 * versions. Rows are Triton's `inference_count`, executions its `execution_count`.
 */
export function parseStatistics(json: unknown, model: string): ServerStatistics | Missing {
  const all = (json as { model_stats?: readonly ModelStats[] } | null | undefined)?.model_stats;
  const stats = Array.isArray(all) ? (all as ModelStats[]).filter(({ name }) => name === model) : [];
  if (stats.length === 0) return { missing: `the server's statistics do not name the model ${model}` };
  const sum = (pick: (item: ModelStats) => number | undefined) =>
    stats.reduce((total, item) => total + (pick(item) ?? 0), 0);
  const own = stats.some(({ inferometer }) => inferometer !== undefined);
  return {
    ...(own
      ? {
          arrivals: sum((item) => item.inferometer?.arrivals),
          paddedRows: sum((item) => item.inferometer?.padded_rows),
          release: summed(stats.map(({ inferometer }) => inferometer?.release)),
          shadow: summed(stats.map(({ inferometer }) => inferometer?.shadow)),
        }
      : {}),
    byVersion: Object.fromEntries(
      stats.map(({ version = '', inference_stats }) => [version, inference_stats?.success?.count ?? 0]),
    ),
    requestsOk: sum((item) => item.inference_stats?.success?.count),
    requestsFailed: sum((item) => item.inference_stats?.fail?.count),
    rowsExecuted: sum((item) => item.inference_count),
    executions: sum((item) => item.execution_count),
    queueNs: sum((item) => item.inference_stats?.queue?.ns),
    queueCount: sum((item) => item.inference_stats?.queue?.count),
    computeNs: sum((item) =>
      COMPUTE.reduce((total, part) => total + (item.inference_stats?.[part]?.ns ?? 0), 0),
    ),
    computeCount: sum((item) => item.inference_stats?.compute_infer?.count),
    batchSizes: batchSizesOf(stats),
    cache: cacheCounters(stats),
  };
}

function batchSizesOf(stats: readonly ModelStats[]): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { batch_size, compute_infer } of stats.flatMap((item) => item.batch_stats ?? [])) {
    const size = String(batch_size ?? 0);
    sizes[size] = (sizes[size] ?? 0) + (compute_infer?.count ?? 0);
  }
  return sizes;
}

function summed(all: readonly (Counts | undefined)[]): Counts {
  return all.reduce<Counts>((sum, counts) => addCounts(sum, counts), {});
}

/** What the server itself says about one case; the shapes are those of the case's record. */
export interface ServerView {
  readonly batch: Batch | Missing;
  readonly cache: Cache | Missing;
  /** Mean per request. */
  readonly serverMs: { readonly queue: Figure; readonly compute: Figure };
  readonly serverArrivals: Figure;
  /** Requests that each version answered; absent where one answered all. */
  readonly versions?: Counts;
  /** Copies that shadows got, by how they ended; absent where there were none. */
  readonly shadow?: Counts;
}

/** The difference of two snapshots: what happened between them, or why that cannot be said. */
export function statisticsDelta(
  before: ServerStatistics | Missing,
  after: ServerStatistics | Missing,
): ServerView {
  if (isMissing(before)) return nothing(before);
  if (isMissing(after)) return nothing(after);
  const serverArrivals = arrivalsDelta(before, after);
  if ((after.replicasLost ?? 0) > (before.replicasLost ?? 0)) {
    return { ...nothing(LOST), ...(after.arrivals === undefined ? {} : { serverArrivals }) };
  }
  if (after.executions < before.executions || after.requestsOk < before.requestsOk) {
    return nothing({ missing: "the server's counters went back: it was restarted during the case" });
  }
  return {
    batch: batchDelta(before, after),
    cache: cacheDelta(before, after),
    serverMs: {
      queue: meanMs(after.queueNs - before.queueNs, after.queueCount - before.queueCount, 'queued'),
      compute: meanMs(
        after.computeNs - before.computeNs,
        after.computeCount - before.computeCount,
        'computed',
      ),
    },
    serverArrivals,
    ...routedDelta(before, after),
  };
}

/** Nothing where nothing was shared between versions, nor copied. */
function routedDelta(
  before: ServerStatistics,
  after: ServerStatistics,
): Pick<ServerView, 'versions' | 'shadow'> {
  const versions = countsDelta(before.byVersion ?? {}, after.byVersion ?? {});
  const shadow = countsDelta(before.shadow ?? {}, after.shadow ?? {});
  return {
    ...(Object.keys(versions).length > 1 ? { versions } : {}),
    ...(Object.keys(shadow).length > 0 ? { shadow } : {}),
  };
}

const LOST: Missing = { missing: 'a replica was killed, and its counters went with it' };

function arrivalsDelta(before: ServerStatistics, after: ServerStatistics): Figure {
  return before.arrivals === undefined || after.arrivals === undefined
    ? { missing: 'the server does not count arrivals' }
    : after.arrivals - before.arrivals;
}

function batchDelta(before: ServerStatistics, after: ServerStatistics): Batch | Missing {
  const executions = after.executions - before.executions;
  const rowsExecuted = after.rowsExecuted - before.rowsExecuted;
  if (executions === 0) return { missing: 'the server executed nothing' };
  const histogram = countsDelta(before.batchSizes, after.batchSizes);
  if (Object.keys(histogram).length === 0) {
    return { missing: 'the server does not count its batches by size' };
  }
  return {
    meanRows: rowsExecuted / executions,
    paddedRows: (after.paddedRows ?? 0) - (before.paddedRows ?? 0),
    executions,
    rowsExecuted,
    histogram,
    release: countsDelta(before.release ?? {}, after.release ?? {}),
  };
}

function countsDelta(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, count]): [string, number] => [key, count - (before[key] ?? 0)])
      .filter(([, count]) => count > 0),
  );
}

function meanMs(ns: number, count: number, verb: string): Figure {
  return count > 0 ? ns / count / 1e6 : { missing: `the server ${verb} no request` };
}

function nothing(missing: Missing): ServerView {
  return {
    batch: missing,
    cache: missing,
    serverMs: { queue: missing, compute: missing },
    serverArrivals: missing,
  };
}

/** Counters of one model over several servers, or of several models. */
export function addStatistics(a: ServerStatistics, b: ServerStatistics): ServerStatistics {
  const sums: Record<string, unknown> = {};
  for (const key of Object.keys({ ...a, ...b }) as (keyof ServerStatistics)[]) {
    const [left, right] = [a[key], b[key]];
    sums[key] =
      typeof left === 'object' || typeof right === 'object'
        ? addCounts(left as Counts | undefined, right as Counts | undefined)
        : ((left as number | undefined) ?? 0) + ((right as number | undefined) ?? 0);
  }
  return sums as unknown as ServerStatistics;
}

type Counts = Readonly<Record<string, number>>;

function addCounts(a: Counts = {}, b: Counts = {}): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}
