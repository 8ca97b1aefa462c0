import type { CaseRecord } from '../../record/case-record.ts';
import type { Distribution, Figure } from '../../record/figures.ts';
import type { Buckets } from '../../statistics/buckets.ts';
import type { Dependence } from '../../statistics/design-effect.ts';
import { HIGHEST_MS } from '../../statistics/histogram.ts';
import { type PercentileName as Name, PERCENTILES, percentileInterval } from '../../statistics/intervals.ts';
import { dependenceAt, tailAmong } from '../../statistics/stopping.ts';
import type { PooledFacts } from '../results/pooled-facts.ts';

export interface Latency {
  readonly latencyMs: CaseRecord['latencyMs'];
  /** Of p99, as its interval used it: how many requests carry the information of one. */
  readonly designEffect: Figure;
  /** Of each percentile: by how much correlation beyond chance dilutes the samples that it rests on. */
  readonly sampleEffect: Readonly<Record<Name, number>>;
  /** Of a part of the requests, taken to hang together as the whole does. `censored`: later than anything seen. */
  distributionOf(values: Buckets, censored: number): Distribution;
}

type Dependences = Readonly<Record<Name, Dependence>>;

/**
 * The four distributions of a case. The design effect of each percentile is found on the response time, whose windows
 * are kept, and used for all four: lags and service times of neighbours hang together in the same way.
 */
export function latencyOf(pooled: PooledFacts): Latency {
  const { buckets, counts } = pooled;
  const dependent = dependences(pooled);
  // A case that was looked at while it ran ended when its interval suited: it must hold for every look.
  const tail = tailAmong(Math.max(1, ...pooled.results.map(({ stopped }) => stopped?.looks ?? 1)));
  const told = (values: Buckets, censored: number) => distribution(values, censored, dependent, tail);
  const unfinished = counts.timedOut + counts.inFlightAtEnd;
  const service = told(buckets.service, unfinished);
  if (pooled.responseMissing !== undefined) {
    const none = unknown(pooled.responseMissing);
    return {
      latencyMs: { response: none, service, sendLag: none, dispatchLag: none },
      designEffect: dependent.p99.forWidth,
      sampleEffect: sampleEffects(dependent),
      distributionOf: () => none,
    };
  }
  return {
    latencyMs: {
      response: told(buckets.response, unfinished + counts.unsent),
      service,
      sendLag: told(buckets.sendLag, counts.unsent),
      dispatchLag: told(buckets.dispatchLag, 0),
    },
    designEffect: dependent.p99.forWidth,
    sampleEffect: sampleEffects(dependent),
    distributionOf: told,
  };
}

function sampleEffects({ p50, p90, p95, p99, p999 }: Dependences): Record<Name, number> {
  return {
    p50: p50.forSamples,
    p90: p90.forSamples,
    p95: p95.forSamples,
    p99: p99.forSamples,
    p999: p999.forSamples,
  };
}

/** Windows of the drain count too: the latest requests end there. */
function dependences({ buckets, windows, responseMissing }: PooledFacts): Dependences {
  const times = responseMissing === undefined ? buckets.response : buckets.service;
  const seen = windows
    .flat()
    .filter(({ phase }) => phase !== 'warmup')
    .map((window) => window.response);
  const at = (name: Name) => dependenceAt(name, { windows: seen, all: times });
  return { p50: at('p50'), p90: at('p90'), p95: at('p95'), p99: at('p99'), p999: at('p999') };
}

function unknown(missing: string): Distribution {
  const none = { missing };
  return { p50: none, p90: none, p95: none, p99: none, p999: none, max: none, mean: none };
}

function distribution(values: Buckets, censored: number, dependent: Dependences, tail: number): Distribution {
  const at = (name: Name) => percentileInterval(values, censored, PERCENTILES[name], dependent[name], tail);
  const none = { missing: 'no request was answered' };
  return {
    p50: at('p50'),
    p90: at('p90'),
    p95: at('p95'),
    p99: at('p99'),
    p999: at('p999'),
    max: maximum(values, censored),
    mean: censored > 0 ? { missing: `${censored} requests have no end` } : (values.meanMs() ?? none),
  };
}

function maximum(values: Buckets, censored: number): Figure {
  const max = values.maxMs();
  if (max === undefined) return { missing: 'no request was answered' };
  if (censored > 0) return { missing: `${censored} requests have no end`, above: max };
  return max >= HIGHEST_MS ? { missing: 'above the range of the histogram', above: HIGHEST_MS } : max;
}
