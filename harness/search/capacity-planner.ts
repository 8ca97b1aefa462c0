import type { CapacityFound, ProbeRun } from '../record/search-record.ts';
import { type Bracket, bracketOf, type FittedRate, fitMargins, rootOf } from './capacity-fit.ts';
import { estimateCapacity, repetitionsAt } from './capacity-interval.ts';
import { isToBeRepeated, isWorthAnotherTry, unbelievable } from './doubtful-probes.ts';

/** What a search is told beforehand. */
export interface SearchPlan {
  readonly startPerS: number;
  /** Nothing above it is ever offered. */
  readonly maxPerS?: number;
  /** The interval's width over the capacity at which probing stops: 0.05. */
  readonly precision: number;
  /** For all probes together, the verdict not included. */
  readonly budgetMs: number;
  /** Measured length of a probe that looks for the bracket, of one that narrows it, and what all else adds. */
  readonly climbMs: number;
  readonly probeMs: number;
  readonly overheadMs: number;
  readonly verdictMs: number;
  /** What a verdict needs to show the promised percentile; it is lengthened for them, up to the budget. */
  readonly verdictRequests: number;
  readonly seed: number;
  /** A new stream of uniform numbers, the same one at every call. */
  random(): () => number;
}

export type SearchStep =
  | {
      readonly kind: 'probe';
      readonly requestsPerS: number;
      readonly durationMs: number;
      readonly seed: number;
    }
  | {
      readonly kind: 'verdict';
      readonly requestsPerS: number;
      readonly durationMs: number;
      readonly seed: number;
    }
  | { readonly kind: 'done'; readonly answer: CapacityFound };

/** Why no more was probed. */
export type SearchEnd = NonNullable<CapacityFound['end']>;

/** After so many verdict runs, each at a lower rate, what is not proven stays so. */
export const VERDICTS = 3;
const STEP_DOWN = 1.05;
/** A rate that gives a probe fewer arrivals than this is too low to be probed. */
const LEAST_ARRIVALS = 5;
/** No promise needs more; a server that defies every rule must not be probed for ever. */
const MOST_PROBES = 300;

/**
 * The next thing to do, from everything that has been done: no state of its own, no clock.
 *
 *   start, x2, x2, ...      until the promise breaks (or / 2 until it holds)
 *   between                 until two neighbours of a grid, 2 x precision apart, hold and break
 *   those two, repeated     with the same arrivals at both, until the interval of the root is narrow enough
 *   verdict                 one long run where it should be proven; a little lower where it was not
 */
export function nextStep(plan: SearchPlan, history: readonly ProbeRun[]): SearchStep {
  const verdicts = history.filter(({ kind }) => kind === 'verdict');
  const probes = history.filter(({ kind }) => kind === 'probe');
  const last = verdicts.at(-1);
  if (last !== undefined) return afterVerdict(plan, probes, verdicts, last);
  const doubtful = probes.at(-1);
  if (doubtful !== undefined && isToBeRepeated(probes, doubtful)) {
    return probe(plan, doubtful.requestsPerS, doubtful.seed, doubtful.durationMs);
  }
  const next = nextProbe(plan, probes);
  return typeof next === 'string' ? conclude(plan, probes, next) : next;
}

function nextProbe(plan: SearchPlan, probes: readonly ProbeRun[]): SearchStep | SearchEnd {
  const spentMs = probes.reduce((sum, { tookMs }) => sum + tookMs, 0);
  if (probes.length > 0 && spentMs + plan.probeMs + plan.overheadMs > plan.budgetMs) return 'time';
  if (probes.length >= MOST_PROBES) return 'time';
  const usable = probes.filter(({ outcome }) => outcome !== 'unclear');
  const bracket = bracketOf(fitMargins(usable));
  const { holds, breaks } = bracket;
  if (holds === undefined && breaks === undefined) return firstProbe(plan, probes);
  if (breaks === undefined) return climb(plan, probes, holds?.nominalPerS ?? plan.startPerS);
  if (holds === undefined) return descend(plan, probes, breaks.nominalPerS);
  if (breaks.nominalPerS / holds.nominalPerS > ratio(plan) ** 1.5) return between(plan, probes, bracket);
  if (isEnough(plan, usable, bracket)) return 'precision';
  return repeat(plan, probes, bracket);
}

/** Looking early and after every probe whether the interval is narrow would catch it when it is so by chance. */
const ENOUGH_REPETITIONS = 8;

function isEnough(plan: SearchPlan, usable: readonly ProbeRun[], bracket: Bracket): boolean {
  if (repetitionsAt(bracket) < ENOUGH_REPETITIONS || bracket.holds?.runs !== bracket.breaks?.runs)
    return false;
  const estimate = estimateCapacity(usable, plan.random());
  return (
    estimate !== undefined && estimate.highPerS - estimate.lowPerS <= plan.precision * estimate.requestsPerS
  );
}

/** Each of the first rates is tried twice in a row, and all of them twice. */
const FIRST_RATES = 3;
const FIRST_TRIES = 2 * 2 * FIRST_RATES;

/** The start, or half of it and a quarter where runs could not be believed: a machine may be disturbed for a while. */
function firstProbe(plan: SearchPlan, probes: readonly ProbeRun[]): SearchStep | SearchEnd {
  const start = Math.min(plan.startPerS, plan.maxPerS ?? plan.startPerS);
  if (probes.length >= FIRST_TRIES) return probes.at(-1)?.clientLimited ? 'client' : 'unclear';
  return probe(plan, start / 2 ** (Math.floor(probes.length / 2) % FIRST_RATES), plan.seed);
}

function climb(plan: SearchPlan, probes: readonly ProbeRun[], topPerS: number): SearchStep | SearchEnd {
  const wall = unbelievable(probes).find(({ requestsPerS }) => requestsPerS > topPerS);
  if (wall !== undefined) {
    return wall.requestsPerS / topPerS > ratio(plan)
      ? probe(plan, Math.sqrt(topPerS * wall.requestsPerS), plan.seed)
      : onceMore(plan, probes, wall);
  }
  const max = plan.maxPerS ?? Number.POSITIVE_INFINITY;
  return topPerS >= max ? 'max-rate' : probe(plan, Math.min(2 * topPerS, max), plan.seed);
}

function descend(plan: SearchPlan, probes: readonly ProbeRun[], lowPerS: number): SearchStep | SearchEnd {
  const next = Math.min(lowPerS, ...unbelievable(probes).map(({ requestsPerS }) => requestsPerS)) / 2;
  return (next * plan.climbMs) / 1000 < LEAST_ARRIVALS ? 'none-holds' : probe(plan, next, plan.seed);
}

function onceMore(plan: SearchPlan, probes: readonly ProbeRun[], doubtful: ProbeRun): SearchStep | SearchEnd {
  const { requestsPerS, seed, durationMs, clientLimited } = doubtful;
  if (isWorthAnotherTry(probes, doubtful)) return probe(plan, requestsPerS, seed, durationMs);
  return clientLimited ? 'client' : 'unclear';
}

/** The grid point nearest to the root, of those between the bracket's ends that can be believed. */
function between(plan: SearchPlan, probes: readonly ProbeRun[], bracket: Bracket): SearchStep | SearchEnd {
  const { holds, breaks } = bracket;
  const root = rootOf(bracket);
  if (holds === undefined || breaks === undefined || root === undefined) return 'unclear';
  const step = ratio(plan);
  const shut = unbelievable(probes);
  const count = Math.round(Math.log(breaks.nominalPerS / holds.nominalPerS) / Math.log(step));
  const even = (breaks.nominalPerS / holds.nominalPerS) ** (1 / count);
  const fromRoot = (rate: number) => Math.abs(Math.log(rate / root));
  const [nearest] = Array.from({ length: count - 1 }, (_, at) => holds.nominalPerS * even ** (at + 1))
    .filter((rate) => !shut.some(({ requestsPerS }) => Math.abs(requestsPerS / rate - 1) < (step - 1) / 4))
    .sort((a, b) => fromRoot(a) - fromRoot(b));
  if (nearest === undefined) {
    const [doubtful] = shut.sort((a, b) => fromRoot(a.requestsPerS) - fromRoot(b.requestsPerS));
    return doubtful === undefined ? 'unclear' : onceMore(plan, probes, doubtful);
  }
  return probe(plan, nearest, plan.seed, plan.probeMs);
}

/** The end of the bracket that was probed less often; at both ends the k-th run has the same arrivals. */
function repeat(plan: SearchPlan, probes: readonly ProbeRun[], { holds, breaks }: Bracket): SearchStep {
  const ends = [holds, breaks].flatMap((end) => (end === undefined ? [] : [end.nominalPerS]));
  const seedsAt = (rate: number) =>
    new Set(probes.filter(({ requestsPerS }) => requestsPerS === rate).map(({ seed }) => seed)).size;
  const [fewest = plan.startPerS] = ends.sort((a, b) => seedsAt(a) - seedsAt(b));
  return probe(plan, fewest, plan.seed + seedsAt(fewest), plan.probeMs);
}

/** Neighbours on the grid. */
function ratio({ precision }: SearchPlan): number {
  return 1 + 2 * precision;
}

function probe(plan: SearchPlan, requestsPerS: number, seed: number, durationMs = plan.climbMs): SearchStep {
  return { kind: 'probe', requestsPerS: offered(plan, requestsPerS), durationMs, seed };
}

/** A rate that people can read back and set again, and never above the limit. */
function offered({ maxPerS = Number.POSITIVE_INFINITY }: SearchPlan, requestsPerS: number): number {
  return Math.min(maxPerS, Number(requestsPerS.toPrecision(requestsPerS >= 1000 ? 4 : 3)));
}

function conclude(plan: SearchPlan, probes: readonly ProbeRun[], end: SearchEnd): SearchStep {
  const found = foundOf(plan, probes, end);
  const rate = verdictRate(plan, found);
  return rate === undefined ? { kind: 'done', answer: found } : verdict(plan, rate, 0);
}

function verdict(plan: SearchPlan, requestsPerS: number, nth: number): SearchStep {
  const rate = offered(plan, requestsPerS);
  const forRequestsMs = Math.min(plan.budgetMs, (1000 * plan.verdictRequests) / rate);
  const durationMs = Math.max(plan.verdictMs, Math.ceil(forRequestsMs));
  return { kind: 'verdict', requestsPerS: rate, durationMs, seed: plan.seed + nth };
}

/** The chance of a verdict that does not prove what holds: its own 95 % interval, and the luck of the probes. */
const CAUTION = 2.5;

/**
 * Where a run of that length should prove the promise: below the interval, and below the root by what the run's own
 * spread takes away. A repetition is one probe's worth of luck, so that of a longer run follows from its length.
 */
function verdictRate(plan: SearchPlan, found: CapacityFound): number | undefined {
  const { estimate, highestPassPerS } = found;
  if (estimate === undefined || highestPassPerS === undefined) return highestPassPerS;
  const { requestsPerS, standardErrorPerS, lowPerS, repetitions } = estimate;
  const spread = standardErrorPerS * Math.sqrt((repetitions * plan.probeMs) / plan.verdictMs);
  return Math.max(0.75 * requestsPerS, Math.min(lowPerS, requestsPerS - CAUTION * spread));
}

function afterVerdict(
  plan: SearchPlan,
  probes: readonly ProbeRun[],
  verdicts: readonly ProbeRun[],
  last: ProbeRun,
): SearchStep {
  const found = foundOf(plan, probes, endOf(plan, probes));
  if (last.outcome === 'pass') {
    return { kind: 'done', answer: { ...found, provenPerS: last.requestsPerS } };
  }
  if (verdicts.length >= VERDICTS) return { kind: 'done', answer: found };
  const again = last.clientLimited && verdicts.at(-2)?.clientLimited !== true;
  const rate = again ? last.requestsPerS : last.requestsPerS / STEP_DOWN;
  return verdict(plan, rate, verdicts.length);
}

function endOf(plan: SearchPlan, probes: readonly ProbeRun[]): SearchEnd {
  const end = nextProbe(plan, probes);
  return typeof end === 'string' ? end : 'time';
}

/** Everything that the runs so far say; what a search that was interrupted leaves. */
export function foundSoFar(plan: SearchPlan, history: readonly ProbeRun[]): CapacityFound {
  return foundOf(
    plan,
    history.filter(({ kind }) => kind === 'probe'),
  );
}

/** The runs that say something, in the order of their rates. */
export function fittedRates(history: readonly ProbeRun[]): FittedRate[] {
  return fitMargins(history.filter(({ kind, outcome }) => kind === 'probe' && outcome !== 'unclear'));
}

function foundOf(plan: SearchPlan, probes: readonly ProbeRun[], end?: SearchEnd): CapacityFound {
  const usable = probes.filter(({ outcome }) => outcome !== 'unclear');
  const bracket = bracketOf(fitMargins(usable));
  const estimate = estimateCapacity(usable, plan.random());
  const { holds, breaks } = bracket;
  return {
    ...(end === undefined ? {} : { end }),
    ...(estimate === undefined ? {} : { estimate }),
    ...(holds === undefined ? {} : { highestPassPerS: holds.nominalPerS }),
    ...(breaks === undefined ? {} : { lowestBreachPerS: breaks.nominalPerS, broke: breaks.bound }),
  };
}
