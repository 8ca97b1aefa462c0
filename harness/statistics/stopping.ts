import { rankOf } from './buckets.ts';
import { type Dependence, dependence, designEffect, type Ordering } from './design-effect.ts';
import {
  type NoPercentile,
  type Ordered,
  PERCENTILES,
  type PercentileInterval,
  type PercentileName,
  percentileInterval,
} from './intervals.ts';

/** Measure until a percentile is known well enough. */
export interface StopRule {
  readonly of: PercentileName;
  /** Half the width of its interval over its value. */
  readonly precision: number;
  /** From the start of the measure phase to the first look, and to the end, come what may. */
  readonly afterMs: number;
  readonly atMostMs: number;
}

/** From one look to the next. Fewer looks cost less width, more looks stop sooner. */
const GROWTH = 1.25;
/** With fewer windows nobody knows how far requests hang together. */
const LEAST_WINDOWS = 8;
/** On each side of an interval of 95 %. */
const TAIL = 0.025;

/** The planned looks in milliseconds from the start of the measure phase; the last is its end, when it is over anyway. */
export function looksMs({ afterMs, atMostMs }: StopRule): number[] {
  const looks: number[] = [];
  for (let atMs = afterMs; atMs < atMostMs; atMs *= GROWTH) looks.push(atMs);
  return [...looks, atMostMs];
}

/**
 * What an interval leaves out on each side when it is one of so many looks: who stops at the first interval that is
 * narrow enough chooses among them, and by Bonferroni's inequality all of them hold at once in 95 % of all runs.
 */
export function tailAmong(looks: number): number {
  return TAIL / looks;
}

/** Response times since the start of the measure phase, in windows and together. */
export interface SeenSoFar {
  readonly windows: readonly Ordering[];
  readonly all: Ordered & Ordering;
  /** Requests without an answer: later than anything seen. */
  readonly censored: number;
}

/** Half the width of the percentile's interval over its value; undefined where it has none yet. */
export function precisionNow(
  seen: SeenSoFar,
  { of }: Pick<StopRule, 'of'>,
  tail: number,
): number | undefined {
  if (seen.windows.length < LEAST_WINDOWS || seen.all.count === 0) return undefined;
  const { all, censored } = seen;
  return precisionOf(percentileInterval(all, censored, PERCENTILES[of], dependenceAt(of, seen), tail));
}

export function precisionOf(interval: PercentileInterval | NoPercentile): number | undefined {
  if ('missing' in interval || interval.high === null || interval.value <= 0) return undefined;
  return (interval.high - interval.low) / 2 / interval.value;
}

/** As a case has it: each percentile is at least as careful as those below it. */
export function dependenceAt(
  of: PercentileName,
  { windows, all }: Pick<SeenSoFar, 'windows' | 'all'>,
): Dependence {
  let below: Dependence | undefined;
  for (const p of Object.values(PERCENTILES).filter((level) => level <= PERCENTILES[of])) {
    const thresholdMs = all.valueAtRankMs(rankOf(p * 100, all.count)) ?? 0;
    below = dependence(designEffect(windows, thresholdMs), below);
  }
  return below ?? dependence();
}
