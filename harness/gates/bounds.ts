import type { CaseRecord } from '../record/case-record.ts';
import { type Distribution, type Figure, isMissing } from '../record/figures.ts';
import type { Metric } from '../scenario/expression.ts';

/**
 * Where the true value of a metric lies, as far as a case can tell. `high` is Infinity and `low` is 0 where nothing
 * bounds it; `value` is absent where there is no figure to print, and then `reason` says why.
 */
export interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly value?: number;
  readonly reason?: string;
  /** Set where a bound is not the figure's own interval: what it rests on instead. */
  readonly rests?: string;
}

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
type PercentileName = keyof typeof QUANTILES;

export function isLatency(metric: Metric): boolean {
  return /^(service\.)?(p\d+|max|mean)$/.test(metric);
}

/** The bounds of `metric` in a case, before any doubt about the case itself (see `doubted`). */
export function boundsOf(record: CaseRecord, metric: Metric): Bounds {
  if (isLatency(metric)) return latencyBounds(record, metric);
  switch (metric) {
    case 'errors':
      return errorBounds(record);
    case 'throughput':
      return throughputBounds(record);
    case 'queue':
      return exactly(record.serverMs.queue);
    case 'compute':
      return exactly(record.serverMs.compute);
    case 'cpuMsPer1000':
      return cpuBounds(record);
    case 'batch.meanRows':
      return exactly(isMissing(record.batch) ? record.batch : record.batch.meanRows);
    case 'batch.paddedRows':
      return exactly(isMissing(record.batch) ? record.batch : record.batch.paddedRows);
    case 'cache.hitRate':
    case 'cache.joins':
    case 'cache.evictions':
    case 'cache.errors':
      return cacheBounds(record, metric);
    case 'cache.staleRate':
      return staleBounds(record);
    case 'unsent':
      return exactly(record.counts.unsent);
    default:
      return unknown(`nothing in the record says ${metric}`);
  }
}

function cacheBounds({ cache }: CaseRecord, metric: Metric): Bounds {
  if (cache === undefined) return unknown('this record was written before there was a cache');
  if (isMissing(cache)) return exactly(cache);
  switch (metric) {
    case 'cache.hitRate':
      return exactly(cache.hitRate);
    case 'cache.joins':
      return exactly(cache.joins);
    case 'cache.errors':
      return exactly(cache.errors);
    default:
      return exactly(cache.evicted);
  }
}

/** Of the shortest time between changes, the first of the list. */
function staleBounds({ staleness }: CaseRecord): Bounds {
  const [most] = staleness?.changes ?? [];
  if (staleness === undefined || most === undefined) {
    return unknown('the scenario does not say how often the data behind a payload changes');
  }
  if (staleness.answers === 0) return unknown('no request was answered');
  return { value: most.rate, low: most.low, high: most.high };
}

function latencyBounds(record: CaseRecord, metric: Metric): Bounds {
  const service = metric.startsWith('service.');
  const distribution = record.latencyMs[service ? 'service' : 'response'];
  const name = metric.replace('service.', '');
  if (name === 'max' || name === 'mean') return exactly(distribution[name]);
  const figure = distribution[name as PercentileName];
  if (!isMissing(figure)) {
    const { value, low, high } = figure;
    if (high !== null) return { value, low, high };
    return { value, low, ...highestOfEnough(record, distribution, name as PercentileName) };
  }
  if (figure.above !== undefined) return { ...unknown(figure.missing), low: figure.above };
  return {
    ...unknown(figure.missing),
    low: lowestFromBelow(distribution, name as PercentileName),
    ...highestFromAbove(record, distribution, name as PercentileName),
  };
}

/** A percentile is no less than a lower percentile. */
function lowestFromBelow(distribution: Distribution, name: PercentileName): number {
  const lows = Object.entries(QUANTILES)
    .filter(([, quantile]) => quantile < QUANTILES[name])
    .map(([lower]) => distribution[lower as PercentileName])
    .map((figure) => (isMissing(figure) ? (figure.above ?? 0) : figure.low));
  return Math.max(0, ...lows);
}

/**
 * An interval that is open above, of a percentile that has its samples: those are as many as prove the percentile with
 * none of them late (MLPerf LoadGen's early stopping, confidence 0.99), so the maximum is an upper end.
 */
function highestOfEnough(
  record: CaseRecord,
  distribution: Distribution,
  name: PercentileName,
): Pick<Bounds, 'high' | 'rests'> {
  const { max } = distribution;
  if (typeof max !== 'number') return highestFromAbove(record, distribution, name);
  return { high: max, rests: `the maximum of ${record.counts.ok} requests` };
}

/** The chance that an interval's upper end is too low, at 95 % two-sided. */
const TAIL = 0.025;

/**
 * What still bounds a percentile from above when its samples are too few to show it.
 * The greatest of m independent values lies below the q-quantile with probability q^m; where that is at most 2.5 %
 * the maximum is an upper end. With still fewer, the time-out is one: an answer that took longer would be an error,
 * and errors are judged apart.
 */
function highestFromAbove(
  record: CaseRecord,
  distribution: Distribution,
  name: PercentileName,
): Pick<Bounds, 'high' | 'rests'> {
  const quantile = QUANTILES[name];
  const effect = typeof record.designEffect === 'number' ? Math.max(1, record.designEffect) : 1;
  const independent = record.counts.ok / effect;
  if (typeof distribution.max === 'number' && quantile ** independent <= TAIL) {
    return { high: distribution.max, rests: `the maximum of ${record.counts.ok} requests` };
  }
  const { timeoutMs } = record.load;
  const lag = record.latencyMs.sendLag.max;
  const late = lateShare(record);
  if (typeof lag === 'number' && record.counts.ok > 0 && late < 1 - quantile) {
    return { high: timeoutMs + lag, rests: `the time-out of ${timeoutMs} ms` };
  }
  return { high: Number.POSITIVE_INFINITY };
}

function lateShare({ counts }: CaseRecord): number {
  const late = counts.unsent + counts.timedOut + counts.inFlightAtEnd;
  return counts.scheduled > 0 ? late / counts.scheduled : 1;
}

/**
 * The share of sent requests that did not end ok; what the user cancelled is left out. A promise on errors is kept
 * or broken by the requests of the run, so the upper end is the counted share itself (0 of 500 keeps "errors < 0.1%",
 * though it proves no such rate); it is broken only where Wilson's lower 95 % bound is above it too.
 */
function errorBounds({ counts }: CaseRecord): Bounds {
  const sent = counts.sent - counts.cancelled;
  if (sent === 0) return unknown('no request was sent');
  const share = (counts.failed + counts.timedOut + counts.inFlightAtEnd) / sent;
  return { value: share, low: wilsonLow(share, sent), high: share };
}

/** Lower end of Wilson's 95 % score interval of a share of n. */
function wilsonLow(share: number, n: number): number {
  const z2 = 1.96 ** 2;
  const centre = share + z2 / (2 * n);
  const margin = 1.96 * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return Math.max(0, (centre - margin) / (1 + z2 / n));
}

function throughputBounds({ throughput }: CaseRecord): Bounds {
  const { requestsPerS, rowsPerS, interval } = throughput;
  if (isMissing(interval))
    return { value: rowsPerS, low: 0, high: Number.POSITIVE_INFINITY, reason: interval.missing };
  const rows = requestsPerS > 0 ? rowsPerS / requestsPerS : 1;
  return { value: rowsPerS, low: interval.low * rows, high: interval.high * rows };
}

function cpuBounds({ utilization, durationS, rows }: CaseRecord): Bounds {
  const cores = utilization.serverCpuCores;
  if (isMissing(cores)) return unknown(cores.missing);
  if (rows === 0) return unknown('nothing was predicted');
  return exactly((cores * durationS * 1000 * 1000) / rows);
}

function exactly(figure: Figure): Bounds {
  if (isMissing(figure)) return { ...unknown(figure.missing), low: figure.above ?? 0 };
  return { value: figure, low: figure, high: figure };
}

function unknown(reason: string): Bounds {
  return { low: 0, high: Number.POSITIVE_INFINITY, reason };
}
