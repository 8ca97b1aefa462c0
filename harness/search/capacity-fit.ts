import { type BoundCount, type ProbeRun, weighedOf } from '../record/search-record.ts';
import { risingShares } from '../statistics/isotonic.ts';

/** All runs at one rate together, and how far their promise is from breaking there. */
export interface FittedRate {
  /** As asked for. */
  readonly nominalPerS: number;
  /** As offered, on average. */
  readonly requestsPerS: number;
  /** Runs at this rate. */
  readonly runs: number;
  /** ln odds(allowed) - ln odds(bad), of the tightest bound: above 0 it holds, at 0 it is about to break. */
  readonly margin: number;
  /** The tightest bound, as written. */
  readonly bound: string;
}

/** Margins beyond this say nothing more: none late, or all. */
const MOST = 2;
/** What an overloaded run counts as at least, in units of what is allowed. */
const OVERLOADED = Math.exp(MOST);

/**
 * The margin over the rate, falling by construction: at each bound the shares of bad requests are pooled over the runs
 * of a rate and made to rise with it (isotonic fit).
 *
 * Counting the bad ones, and not comparing percentiles, has no bias in short runs, needs no least number of requests,
 * and takes censored requests as what they are; in an M/M/1 queue the share beyond a bound is exp(-(mu - lambda) b), so
 * the logarithm falls along a straight line, which is what is interpolated below.
 */
export function fitMargins(runs: readonly ProbeRun[]): FittedRate[] {
  const byRate = new Map<number, ProbeRun[]>();
  for (const run of runs) byRate.set(run.requestsPerS, [...(byRate.get(run.requestsPerS) ?? []), run]);
  const rates = [...byRate].sort(([a], [b]) => a - b);
  const bounds = (runs[0]?.counts ?? []).map(({ expression }, at) => ({
    expression,
    margins: marginsOf(rates.map(([, same]) => pooled(same, at))),
  }));
  let offered = 0;
  return rates.map(([nominalPerS, same], level) => {
    offered = Math.max(offered, offeredPerS(same));
    const [tightest] = bounds
      .map(({ expression, margins }) => ({ bound: expression, margin: margins[level] ?? 0 }))
      .sort((a, b) => a.margin - b.margin);
    return {
      nominalPerS,
      requestsPerS: offered,
      runs: same.length,
      margin: tightest?.margin ?? MOST,
      bound: tightest?.bound ?? '',
    };
  });
}

function offeredPerS(runs: readonly ProbeRun[]): number {
  const totalMs = runs.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return runs.reduce((sum, run) => sum + run.offeredPerS * run.durationMs, 0) / totalMs;
}

function pooled(runs: readonly ProbeRun[], at: number): BoundCount {
  const counts = runs.flatMap(({ counts: all, overloaded }) => {
    const count = all[at];
    if (count === undefined) return [];
    const { bad, of, allowed } = count;
    return [{ ...count, bad: overloaded ? Math.min(of, Math.max(bad, OVERLOADED * allowed * of)) : bad }];
  });
  const [first] = counts;
  const allowed = first?.allowed ?? 1;
  const of = counts.reduce((sum, count) => sum + count.of, 0);
  return {
    expression: first?.expression ?? '',
    allowed,
    bad: counts.reduce((sum, count) => sum + count.bad, 0),
    of: weighedOf({ of, allowed }),
  };
}

function marginsOf(levels: readonly BoundCount[]): number[] {
  const shares = risingShares(levels.map(({ bad, of }) => ({ events: bad, of })));
  return shares.map((share, level) => {
    const allowed = levels[level]?.allowed ?? 1;
    return Math.min(MOST, Math.max(-MOST, logOdds(allowed) - logOdds(share)));
  });
}

/** Infinite at both ends. */
function logOdds(share: number): number {
  return Math.log(share / (1 - share));
}

/** The two neighbouring rates between which the promise breaks; one is absent where it never does, or always. */
export interface Bracket {
  /** The highest rate that holds. */
  readonly holds?: FittedRate;
  /** The lowest that does not. */
  readonly breaks?: FittedRate;
}

export function bracketOf(fitted: readonly FittedRate[]): Bracket {
  const holds = fitted.findLast(({ margin }) => margin >= 0);
  const breaks = fitted.find(({ margin }) => margin < 0);
  return { ...(holds === undefined ? {} : { holds }), ...(breaks === undefined ? {} : { breaks }) };
}

/** Where the margin is 0: on the straight line between the two rates of the bracket; at its one end if that is all. */
export function rootOf({ holds, breaks }: Bracket): number | undefined {
  if (holds === undefined || breaks === undefined) return (holds ?? breaks)?.requestsPerS;
  const share = holds.margin / (holds.margin - breaks.margin);
  return holds.requestsPerS + share * (breaks.requestsPerS - holds.requestsPerS);
}
