import type { CapacityFound, ProbeRun } from '../record/search-record.ts';
import { mean, squaredDeviations } from '../statistics/series.ts';
import { studentT } from '../statistics/student-t.ts';
import { type Bracket, bracketOf, fitMargins, rootOf } from './capacity-fit.ts';

/** The estimated capacity and how sure it is. */
export type CapacityEstimate = NonNullable<CapacityFound['estimate']>;

const RESAMPLES = 200;
/**
 * Ends are looked at after every probe, and rates chosen by what was seen: Student's 95 % covered 83 % without this
 * factor, and covers about 90 % with it (simulated), which is what is said of the interval.
 */
const LOOKS = 1.25;
/** Fewer repetitions at either end of the bracket give no interval. */
const LEAST_REPETITIONS = 4;

/**
 * Bootstrap over repetitions. The runs of one seed are one repetition, since they share their random numbers: it is
 * drawn or left out as a whole, at every rate that was repeated. Rates that were probed once only led the way there and
 * stay as they are. So few repetitions understate the spread: Student's t and K / (K - 1) make up for it.
 * Undefined without a bracket, or before there are four repetitions on both of its sides.
 */
export function estimateCapacity(
  runs: readonly ProbeRun[],
  random: () => number,
): CapacityEstimate | undefined {
  const bracket = bracketOf(fitMargins(runs));
  const requestsPerS = rootOf(bracket);
  const repetitions = repetitionsAt(bracket);
  if (requestsPerS === undefined || repetitions < LEAST_REPETITIONS) return undefined;
  const roots = Array.from({ length: RESAMPLES }, () => {
    const root = rootOf(bracketOf(fitMargins(resampled(runs, random))));
    return root ?? requestsPerS;
  });
  const spread = Math.sqrt(squaredDeviations(roots) / (roots.length - 1));
  const standardErrorPerS = spread * Math.sqrt(repetitions / (repetitions - 1));
  const half = LOOKS * studentT(0.975, repetitions - 1) * standardErrorPerS;
  return {
    requestsPerS,
    standardErrorPerS,
    // The bootstrap's own centre: the line between two noisy margins is a little off straight.
    lowPerS: Math.min(requestsPerS, mean(roots)) - half,
    highPerS: Math.max(requestsPerS, mean(roots)) + half,
    repetitions,
  };
}

export function repetitionsAt({ holds, breaks }: Bracket): number {
  return Math.min(holds?.runs ?? 0, breaks?.runs ?? 0);
}

function resampled(runs: readonly ProbeRun[], random: () => number): ProbeRun[] {
  const runsAt = new Map<number, number>();
  for (const { requestsPerS } of runs) runsAt.set(requestsPerS, (runsAt.get(requestsPerS) ?? 0) + 1);
  const isRepeated = ({ requestsPerS }: ProbeRun) => (runsAt.get(requestsPerS) ?? 0) > 1;
  const bySeed = new Map<number, ProbeRun[]>();
  for (const run of runs.filter(isRepeated)) bySeed.set(run.seed, [...(bySeed.get(run.seed) ?? []), run]);
  const seeds = [...bySeed.values()];
  const drawn = seeds.flatMap(() => seeds[Math.floor(random() * seeds.length)] ?? []);
  return [...runs.filter((run) => !isRepeated(run)), ...drawn];
}
