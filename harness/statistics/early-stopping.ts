import { samplesNeeded } from './samples-needed.ts';

/**
 * MLPerf LoadGen's early stopping, at confidence 0.99, over requests of which each is as good as 1 / `designEffect`
 * independent ones (LoadGen takes them all as independent: an effect of 1).
 */
export interface StoppingFacts {
  /** Requests issued. */
  readonly queries: number;
  readonly percentile: number;
  readonly designEffect: number;
}

/**
 * The percentile's estimate is the t-th largest latency, where t is the most late requests with which so many requests
 * would still prove the percentile: their bound, never above what they show. `needed` is the least number of requests
 * for any estimate (64 for p90, 662 for p99).
 */
export function estimateRank({ queries, percentile, designEffect }: StoppingFacts): {
  readonly needed: number;
  /** 1-based, from the smallest latency; undefined with too few requests. */
  readonly rank: number | undefined;
} {
  const independent = Math.floor(queries / designEffect);
  const needed = Math.ceil(samplesNeeded(percentile, 1) * designEffect);
  if (queries < needed) return { needed, rank: undefined };
  let [enough, tooMany] = [1, 2];
  while (samplesNeeded(percentile, tooMany) <= independent) [enough, tooMany] = [tooMany, 2 * tooMany];
  while (tooMany - enough > 1) {
    const middle = Math.floor((enough + tooMany) / 2);
    if (samplesNeeded(percentile, middle) <= independent) enough = middle;
    else tooMany = middle;
  }
  return { needed, rank: queries - Math.floor(enough * designEffect) + 1 };
}

/** Whether `late` over-latency requests among so many prove the percentile, and how many requests would. */
export function provesBound(
  { queries, percentile, designEffect }: StoppingFacts,
  late: number,
): { readonly proven: boolean; readonly needed: number } {
  const needed = Math.ceil(samplesNeeded(percentile, Math.ceil(late / designEffect)) * designEffect);
  return { proven: queries >= needed, needed };
}
