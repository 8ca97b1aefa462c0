import type { CaseRecord, Distribution, Figure } from '../record/run-record.ts';
import type { Buckets } from '../statistics/buckets.ts';
import { type DesignEffect, designEffect, INDEPENDENT } from '../statistics/design-effect.ts';
import { HIGHEST_MS } from '../statistics/histogram.ts';
import { percentileInterval } from '../statistics/intervals.ts';
import type { PooledFacts } from './pooled-facts.ts';

export interface Latency {
  readonly latencyMs: CaseRecord['latencyMs'];
  /** Of p99, as its interval used it: how many requests carry the information of one. */
  readonly designEffect: Figure;
}

const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 } as const;
type Name = keyof typeof PERCENTILES;
type Effects = Readonly<Record<Name, DesignEffect>>;

/**
 * The four distributions of a case. The design effect of each percentile is found on the response time, whose windows
 * are kept, and used for all four: lags and service times of neighbours hang together in the same way.
 */
export function latencyOf(pooled: PooledFacts): Latency {
  const { buckets, counts } = pooled;
  const effects = effectsOf(pooled);
  const unfinished = counts.timedOut + counts.inFlightAtEnd;
  return {
    latencyMs: {
      response: distribution(buckets.response, unfinished + counts.unsent, effects),
      service: distribution(buckets.service, unfinished, effects),
      sendLag: distribution(buckets.sendLag, counts.unsent, effects),
      dispatchLag: distribution(buckets.dispatchLag, 0, effects),
    },
    designEffect: effects.p99.cautious,
  };
}

/**
 * A burst that makes the tail late moves the median too, and is seen there in many more requests: so a percentile's
 * interval is at least as cautious as those below it.
 */
function effectsOf({ buckets: { response }, windows }: PooledFacts): Effects {
  const measured = windows.flat().filter(({ phase }) => phase === 'measure');
  const seen = measured.map((window) => window.response);
  let cautious = 1;
  const at = (name: Name): DesignEffect => {
    const own = designEffect(seen, response.percentileMs(PERCENTILES[name] * 100) ?? 0) ?? INDEPENDENT;
    cautious = Math.max(cautious, own.cautious);
    return { proven: own.proven, cautious };
  };
  return { p50: at('p50'), p90: at('p90'), p95: at('p95'), p99: at('p99'), p999: at('p999') };
}

function distribution(values: Buckets, censored: number, effects: Effects): Distribution {
  const at = (name: Name) => percentileInterval(values, censored, PERCENTILES[name], effects[name]);
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
