import { binomialQuantile } from './binomial.ts';
import { type Buckets, rankOf } from './buckets.ts';
import { type Dependence, NO_DEPENDENCE } from './design-effect.ts';
import { samplesNeeded } from './samples-needed.ts';

/** Percentiles that are told of a case, lowest first. */
export const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
export type PercentileName = keyof typeof PERCENTILES;

export interface PercentileInterval {
  readonly value: number;
  readonly low: number;
  /** null: there is no bound. It falls among the censored, or too few requests are independent to give one. */
  readonly high: number | null;
  readonly n: number;
}

export interface NoPercentile {
  readonly missing: string;
  /** The true value lies above this. */
  readonly above?: number;
}

/** Values in rising order. */
export type Ordered = Pick<Buckets, 'count' | 'valueAtRankMs' | 'maxMs'>;

/** Of an interval of 95 %, on each side. */
const TAIL = 0.025;
/** The greatest value bounds a percentile from above unless all values lie below it more often than this. */
const END = 0.05;

/**
 * Percentile `p` (0.99 for p99) in ms with its 95 % order-statistic interval.
 *
 *   ok values, sorted                      censored: they lie above anything seen
 *   |----------------------------------|///////////|
 *              low   value   high            a rank in here has no value: `> max`
 *
 * The ranks of low and high are binomial quantiles over n/d instead of n requests, because neighbours in a queue
 * are late together; d is the design effect. Without the samples that the percentile needs, it is missing.
 * `tail` is what the interval leaves out on each side: less than 2.5 % where it is one of several.
 * The interval is open above where so few are independent that the true percentile may lie beyond all of them.
 */
export function percentileInterval(
  ok: Ordered,
  censored: number,
  p: number,
  { forSamples, forEnd, forWidth }: Dependence = NO_DEPENDENCE,
  tail = TAIL,
): PercentileInterval | NoPercentile {
  const n = ok.count + censored;
  const needed = samplesNeeded(p);
  const proven = Math.floor(n / forSamples);
  if (proven < needed) return { missing: tooFew(needed, proven, n) };
  const independent = Math.max(1, Math.floor(n / forWidth));
  const value = valueAt(ok, rankOf(p * 100, n));
  const low = valueAt(ok, boundRank(tail, independent, p, n));
  if (value === undefined || low === undefined) return amongCensored(ok, censored);
  const highRank = boundRank(1 - tail, independent, p, n);
  const ends = p ** (n / forEnd) <= END * (tail / TAIL);
  const high = ends ? (valueAt(ok, highRank) ?? null) : null;
  return { value, low: Math.min(low, value), high: high === null ? null : Math.max(high, value), n };
}

/** The rank among n of the order statistic whose index among the independent ones bounds p at `probability`. */
function boundRank(probability: number, independent: number, p: number, n: number): number {
  const k = binomialQuantile(probability, independent, p);
  const index = probability < 0.5 ? Math.max(1, k) : Math.min(independent, k + 1);
  return probability < 0.5 ? Math.floor((index / independent) * n) : Math.ceil((index / independent) * n);
}

function valueAt(ok: Ordered, rank: number): number | undefined {
  return rank > ok.count ? undefined : ok.valueAtRankMs(Math.max(1, rank));
}

function amongCensored(ok: Ordered, censored: number): NoPercentile {
  const above = ok.maxMs();
  const missing = `its rank falls among the ${censored} requests that timed out, were not sent, or were still open`;
  return above === undefined ? { missing } : { missing, above };
}

function tooFew(needed: number, independent: number, n: number): string {
  const has =
    independent === n
      ? `has ${n}`
      : `${n} requests are worth ${independent}, because neighbours are late together`;
  return `needs ${needed} independent requests, ${has}`;
}
