import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import { withoutLoad } from '../record/settings.ts';
import type { Axes } from '../scenario/scenario.ts';

/** One setting with a cache beside the same one without, in the closed pass. */
export interface CacheBeside {
  /** Of the setting with the cache. */
  readonly axes: Axes;
  /** What tells the two apart: `{ cache: 'local' }` and `{ cache: 'none' }`. */
  readonly variant: Axes;
  readonly without: Axes;
  readonly hitRate: number;
  /** Server time of a row over that without the cache: below 1 the cache pays. With its 95 % bounds. */
  readonly cost: Interval;
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Every closed pass with a cache that has its like without one: a case that differs in the axes of the cache only.
 * A server that is never idle spends 1 / throughput on a row, so the ratio of two throughputs is one of costs.
 */
export function cachesBeside(cases: readonly CaseRecord[]): CacheBeside[] {
  const closed = cases.filter(({ load }) => load.shape === 'closed');
  const without = closed.filter((one) => cacheKind(one) === 'off');
  return closed
    .filter((one) => cacheKind(one) !== 'off')
    .flatMap((one) => {
      const like = without.find((other) => sameButCache(one, other));
      const { cache } = one;
      if (like === undefined || cache === undefined || isMissing(cache)) return [];
      const axes = withoutLoad(one.axes);
      const differing = Object.keys(axes).filter((name) => axes[name] !== like.axes[name]);
      const only = (from: Axes) => Object.fromEntries(differing.map((name) => [name, from[name] ?? '']));
      return [
        {
          axes,
          variant: only(axes),
          without: only(like.axes),
          hitRate: cache.hitRate,
          cost: costOf(one, like),
        },
      ];
    });
}

function cacheKind({ target }: CaseRecord): string {
  return String(target.effective['cache.kind'] ?? 'off');
}

/** Their servers run the same but for the cache, and all axes but the one that sets it agree. */
function sameButCache(a: CaseRecord, b: CaseRecord): boolean {
  const differing = Object.keys(a.axes).filter((name) => a.axes[name] !== b.axes[name]);
  return differing.length === 1 && settings(a) === settings(b);
}

function settings({ target }: CaseRecord): string {
  const rest = Object.entries(target.requested).filter(([name]) => !name.startsWith('cache.'));
  return JSON.stringify(rest.sort());
}

function costOf(withCache: CaseRecord, without: CaseRecord): Interval {
  const [ours, theirs] = [rowsPerS(withCache), rowsPerS(without)];
  return { value: theirs.value / ours.value, low: theirs.low / ours.high, high: theirs.high / ours.low };
}

function rowsPerS({ throughput }: CaseRecord): Interval {
  const { rowsPerS: value, requestsPerS, interval } = throughput;
  if (isMissing(interval)) return { value, low: value, high: value };
  const rows = value / requestsPerS;
  return { value, low: interval.low * rows, high: interval.high * rows };
}

/**
 * The hit rate from which a cache pays: where the straight line through (hit rate, cost) passes 1. It needs two hit
 * rates that differ; `never` where the line does not come down to 1 even at the better ends of the costs, `open` where
 * it does there only, 0 where even a cache that never hits costs nothing that could be measured. The bounds come from the bounds of both costs, each taken at its worse and better end.
 */
export function breakEven(points: readonly CacheBeside[]): Interval | 'never' | 'open' | undefined {
  const sorted = [...points].sort((a, b) => a.hitRate - b.hitRate);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined || most.hitRate - least.hitRate < LEAST_SPAN)
    return undefined;
  const at = (low: number, high: number) =>
    crossing({ hitRate: least.hitRate, cost: low }, { hitRate: most.hitRate, cost: high });
  const value = at(least.cost.value, most.cost.value);
  const low = at(least.cost.low, most.cost.low);
  if (low === undefined) return 'never';
  if (value === undefined) return 'open';
  return {
    value,
    low,
    high: at(least.cost.high, most.cost.high) ?? 1,
  };
}

/** Hit rates closer than this carry no line. */
const LEAST_SPAN = 0.05;

interface Point {
  readonly hitRate: number;
  readonly cost: number;
}

/** Where the line through two points is 1, within 0 and 1; undefined where it is above 1 all along. */
function crossing(a: Point, b: Point): number | undefined {
  const slope = (b.cost - a.cost) / (b.hitRate - a.hitRate);
  if (slope >= 0) return a.cost <= 1 ? 0 : undefined;
  const hitRate = a.hitRate + (1 - a.cost) / slope;
  return hitRate > 1 ? undefined : Math.max(0, hitRate);
}
