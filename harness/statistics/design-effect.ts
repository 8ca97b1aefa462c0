import type { Buckets } from './buckets.ts';
import { studentT } from './student-t.ts';

/** How many successive requests carry the information of one: n/d of them are independent. At least 1. */
export interface DesignEffect {
  /** 1 unless chance alone would hardly (5 %) make batches differ so. */
  readonly proven: number;
  /** The estimate, widened for having been estimated from few batches. */
  readonly cautious: number;
}

const INDEPENDENT: DesignEffect = { proven: 1, cautious: 1 };

/** The design effects that one percentile is judged by. */
export interface Dependence {
  /** Are there samples enough? By what its own late requests prove. */
  readonly forSamples: number;
  /** Does its interval end at all? By what is proven of it or of a percentile below it. */
  readonly forEnd: number;
  /** How wide is its interval? By the most cautious of the same. */
  readonly forWidth: number;
}

export const NO_DEPENDENCE: Dependence = { forSamples: 1, forEnd: 1, forWidth: 1 };

/**
 * A burst that makes the tail late moves the median too, and is seen there in many more requests: so the interval of a
 * percentile is at least as careful as that of the percentile `below` it.
 */
export function dependence(own: DesignEffect = INDEPENDENT, below: Dependence = NO_DEPENDENCE): Dependence {
  return {
    forSamples: own.proven,
    forEnd: Math.max(own.proven, below.forEnd),
    forWidth: Math.max(own.cautious, below.forWidth),
  };
}

/** What is asked of the values of a window. */
export type Ordering = Pick<Buckets, 'count' | 'countAboveMs'>;

/** Fewer batches say nothing about how batches differ. */
const LEAST_BATCHES = 6;

/**
 * The variance of the share above `thresholdMs`, as seen between batches of neighbours, over what it would be if
 * requests were independent.
 *
 * Batch means with a ratio estimator: batches differ in size, so each deviates by x_i - q n_i. Correlation that
 * reaches past one window shows only in longer batches, hence the largest answer over windows, pairs, fours, ...
 * From eight windows the estimate is off by half either way, so one number cannot serve both as evidence that
 * requests hang together and as a safe width.
 * Undefined with too few windows or nothing above the threshold.
 */
export function designEffect(windows: readonly Ordering[], thresholdMs: number): DesignEffect | undefined {
  let batches: readonly Batch[] = windows
    .filter((window) => window.count > 0)
    .map((window) => ({ n: window.count, late: window.countAboveMs(thresholdMs) }));
  if (batches.length < LEAST_BATCHES) return undefined;
  let { proven, cautious } = INDEPENDENT;
  for (; batches.length >= LEAST_BATCHES; batches = pairs(batches)) {
    const ratio = varianceRatio(batches);
    if (ratio === undefined) return undefined;
    const degrees = batches.length - 1;
    if (ratio > chanceRatio(degrees)) proven = Math.max(proven, ratio);
    cautious = Math.max(cautious, ratio * (studentT(0.975, degrees) / studentT(0.975, Infinity)) ** 2);
  }
  return { proven, cautious };
}

interface Batch {
  readonly n: number;
  readonly late: number;
}

function varianceRatio(batches: readonly Batch[]): number | undefined {
  const k = batches.length;
  const n = batches.reduce((sum, batch) => sum + batch.n, 0);
  const q = batches.reduce((sum, batch) => sum + batch.late, 0) / n;
  if (q === 0 || q === 1) return undefined;
  const squares = batches.reduce((sum, batch) => sum + (batch.late - q * batch.n) ** 2, 0);
  return ((k / (k - 1)) * squares) / (n * q * (1 - q));
}

/** The 95 % quantile of chi-square / degrees, which the ratio of independent requests follows (Wilson-Hilferty). */
function chanceRatio(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return (1 - spread + studentT(0.95, Infinity) * Math.sqrt(spread)) ** 3;
}

function pairs(batches: readonly Batch[]): Batch[] {
  const joined: Batch[] = [];
  for (let index = 0; index + 1 < batches.length; index += 2) {
    const [a, b] = [batches[index], batches[index + 1]];
    if (a !== undefined && b !== undefined) joined.push({ n: a.n + b.n, late: a.late + b.late });
  }
  return joined;
}
