import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import type { Metric } from '../scenario/expression.ts';
import { type Bounds, isLatency } from './bounds.ts';

/**
 * Widens the bounds of a figure by what the case's credibility leaves open. Bounds decide, not doubts: a status
 * other than valid matters only as far as it moves a bound.
 *
 *   client-limited      a late client can only lengthen response times and lower throughput, so the end away from
 *                       the server's fault stays (plus the measured lag, since batching is not quite monotonic)
 *   overloaded          latency describes a growing queue: it has no upper end
 *   inconclusive        every request of the run lies below the maximum, every window's percentile above the least
 */
export function doubted(bounds: Bounds, record: CaseRecord, metric: Metric): Bounds {
  const { status, reasons } = record.credibility;
  switch (status) {
    case 'valid':
      return bounds;
    case 'client-limited':
    case 'connection-limited':
      return limited(bounds, record, metric);
    case 'overloaded':
      return isLatency(metric) ? { ...bounds, high: Number.POSITIVE_INFINITY } : bounds;
    case 'inconclusive':
      // Too few samples is in the bounds already.
      if (reasons.length > 0 && reasons.every(({ id }) => id === 'too-few-samples')) return bounds;
      return unsteady(bounds, record, metric);
  }
}

function limited(bounds: Bounds, record: CaseRecord, metric: Metric): Bounds {
  if (metric === 'throughput') return { ...bounds, high: Number.POSITIVE_INFINITY };
  if (!isLatency(metric)) return bounds;
  if (record.counts.unsent > 0) return { ...bounds, low: 0, high: Number.POSITIVE_INFINITY };
  const lag = record.latencyMs[record.credibility.status === 'client-limited' ? 'dispatchLag' : 'sendLag'];
  return { ...bounds, low: 0, high: bounds.high + marginOf(lag) };
}

/** The lag that a client adds, at its p99, or its maximum where there are too few samples. */
function marginOf(lag: CaseRecord['latencyMs']['dispatchLag']): number {
  if (!isMissing(lag.p99)) return lag.p99.high ?? Number.POSITIVE_INFINITY;
  return typeof lag.max === 'number' ? lag.max : Number.POSITIVE_INFINITY;
}

/** Reasons after which no figure bounds anything: the clock or the arithmetic was wrong. */
const UNTRUSTED = ['clock-drift', 'negative-time'];

function unsteady(bounds: Bounds, record: CaseRecord, metric: Metric): Bounds {
  const broken = record.credibility.reasons.some(({ id }) => UNTRUSTED.includes(id));
  if (broken) return { ...bounds, low: 0, high: Number.POSITIVE_INFINITY };
  if (!isLatency(metric) || metric.startsWith('service.')) return bounds;
  const { max } = record.latencyMs.response;
  return {
    ...bounds,
    low: Math.min(bounds.low, leastOfWindows(record, metric)),
    high: Math.max(bounds.high, isMissing(max) ? Number.POSITIVE_INFINITY : max),
  };
}

/** The least that a percentile was in any window of the measure phase; 0 where windows say nothing about it. */
function leastOfWindows({ windows }: CaseRecord, metric: Metric): number {
  const measured = windows.filter(({ phase }) => phase === 'measure');
  if (measured.length === 0 || metric === 'mean') return 0;
  const tail = metric === 'p99' || metric === 'p999' || metric === 'max';
  const figures = measured.map((window) => (tail ? window.responseP99Ms : window.responseP50Ms));
  return Math.min(...figures.map((figure) => (isMissing(figure) ? 0 : figure)));
}
