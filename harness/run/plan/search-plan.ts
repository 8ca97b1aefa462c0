import { expressionsOf } from '../../gates/recommend.ts';
import { promisedPercentile } from '../../gates/settings.ts';
import { seededRandom } from '../../load/random.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { arrivalsLabel, CAPACITY } from '../../scenario/load-labels.ts';
import type { SearchSpec } from '../../scenario/load-spec.ts';
import { rateLabel } from '../../scenario/rate-law.ts';
import type { Scenario, Setting } from '../../scenario/scenario.ts';
import type { SearchPlan, SearchStep } from '../../search/capacity-planner.ts';
import { samplesNeeded } from '../../statistics/samples-needed.ts';
import { shapeOf } from './offered-load.ts';
import { loadLimits, type PlannedCase, planned } from './plan.ts';

export type FindLoad = Extract<NonNullable<Setting['load']['open']>, { kind: 'find' }>;

/** A setting whose capacity is searched. */
export type SearchedSetting = Setting & { readonly load: Setting['load'] & { readonly open: FindLoad } };

/** The settings whose capacity is searched: one case each, the run that proves it. */
export function searchedSettings({ settings }: Pick<Scenario, 'settings'>): SearchedSetting[] {
  return settings.filter((setting): setting is SearchedSetting => setting.load.open?.kind === 'find');
}

/** Warm-up of a probe: the server is warm already, and only the queue of that rate has to form. */
const PROBE_WARMUP_MS = 500;
/** Starting a generator, and draining what a rate near the capacity leaves. */
const AROUND_MS = 150;
/** So many probes fit into the time, more or less; and the shortest that are worth their warm-up. */
const PROBES = 40;
const SHORTEST_PROBE_MS = 1000;
const SHORTEST_CLIMB_MS = 700;
/** The verdict's share of the time that the probes may take; never shorter than any other case. */
const VERDICT_SHARE = 0.25;
/** Times what the promised percentile needs with none late: near the boundary some are, and in clumps. */
const VERDICT_SAMPLES = 4;
/** Where no limit is given; no machine's generator gets there. */
const HIGHEST_PER_S = 1_000_000;

export function searchPlan(
  { measure, limits, decide }: Scenario,
  { precision, atMostMs, startPerS }: SearchSpec,
): SearchPlan {
  const promised = promisedPercentile(expressionsOf(decide.slo));
  return {
    startPerS,
    maxPerS: limits.maxRequestsPerS ?? HIGHEST_PER_S,
    precision,
    budgetMs: atMostMs,
    climbMs: Math.max(SHORTEST_CLIMB_MS, atMostMs / (2 * PROBES)),
    probeMs: Math.max(SHORTEST_PROBE_MS, atMostMs / PROBES),
    overheadMs: probeWarmupMs(measure) + AROUND_MS,
    verdictMs: verdictMsOf(measure, atMostMs),
    verdictRequests: VERDICT_SAMPLES * samplesNeeded(Number(`0.${promised.slice(1)}`)),
    seed: measure.seed,
    random: () => seededRandom(measure.seed, BOOTSTRAP_STREAM),
  };
}

const BOOTSTRAP_STREAM = 0xb007;

export function verdictMsOf({ durationMs }: Scenario['measure'], atMostMs: number): number {
  return Math.max(durationMs, VERDICT_SHARE * atMostMs);
}

export function probeWarmupMs({ warmupMs }: Scenario['measure']): number {
  return Math.min(warmupMs, PROBE_WARMUP_MS);
}

/** Milliseconds that the search of a setting may take at most, its verdict included. */
export function searchMs(measure: Scenario['measure'], { atMostMs }: SearchSpec): number {
  return atMostMs + verdictMsOf(measure, atMostMs);
}

/** A step that offers a load. */
export type RunStep = Extract<SearchStep, { requestsPerS: number }>;

/** A step of a search as a case; probes are no cases of the record, and numbered to be told apart on a screen. */
export function stepCase(
  setting: SearchedSetting,
  scenario: Scenario,
  step: RunStep,
  nth: number,
): PlannedCase {
  const { open } = setting.load;
  const label = step.kind === 'verdict' ? CAPACITY : `probe ${nth} at ${rateLabel(step.requestsPerS)}`;
  const load: LoadRecord = {
    ...loadLimits(setting.load, scenario.measure.seed),
    label,
    shape: shapeOf(open.arrivals),
    arrivals: arrivalsLabel(open.arrivals),
    resolvedRate: step.requestsPerS,
  };
  const one = planned({ ...setting.axes, load: label }, setting, load, step.durationMs);
  return step.kind === 'probe' ? { ...one, probe: true } : one;
}

/** What waits at the server when nobody waits for it any more, at the speed at which it works; at most 5 s. */
export function settleMs({ counts, throughput }: Pick<CaseRecord, 'counts' | 'throughput'>): number {
  const left = counts.inFlightAtEnd + counts.timedOut;
  if (left === 0) return 0;
  return Math.min(5000, throughput.requestsPerS > 0 ? (1000 * left) / throughput.requestsPerS : 5000);
}
