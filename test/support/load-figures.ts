import type { HistogramName } from '../../harness/measure/histogram-names.ts';
import type { LoadResult } from '../../harness/run/load-engine.ts';
import { Histogram } from '../../harness/statistics/histogram.ts';

/** A percentile of one of the result's histograms, in milliseconds; NaN when it is empty. */
export function percentileMs(result: LoadResult, name: HistogramName, p: number): number {
  return withHistogram(result, name, (histogram) => histogram.percentileMs(p) ?? Number.NaN);
}

export function withHistogram<T>(
  result: LoadResult,
  name: HistogramName,
  read: (histogram: Histogram) => T,
): T {
  const histogram = Histogram.decode(result.histograms[name]);
  try {
    return read(histogram);
  } finally {
    histogram.destroy();
  }
}

/** Requests handed to a connection, whatever their phase: what a server can have seen at most. */
export function sentToServer({ counts, warmupCounts }: LoadResult): number {
  return [counts, warmupCounts].reduce(
    (sum, { sent, byOutcome }) => sum + sent - (byOutcome['connect-error'] ?? 0),
    0,
  );
}

/** The two equations of conservation, for both phases. */
export function conserved({ counts, warmupCounts }: LoadResult): boolean {
  return [counts, warmupCounts].every(
    ({ scheduled, sent, unsent, ok, failed, timedOut, cancelled, inFlightAtEnd, byOutcome }) =>
      scheduled === sent + unsent &&
      sent === ok + failed + timedOut + cancelled + inFlightAtEnd &&
      Object.values(byOutcome).reduce((sum, count) => sum + count, 0) === sent - inFlightAtEnd,
  );
}
