import { setTimeout as sleep } from 'node:timers/promises';
import { expressionsOf } from '../../gates/recommend.ts';
import { probeEvidence, verdictEvidence } from '../../gates/search-evidence.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import type { ProbeRun, SearchRecord } from '../../record/search-record.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { fittedRates, foundSoFar, nextStep, type SearchPlan } from '../../search/capacity-planner.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { latencyBoundMs } from '../plan/assignment.ts';
import type { PlannedCase } from '../plan/plan.ts';
import {
  probeWarmupMs,
  type RunStep,
  type SearchedSetting,
  searchPlan,
  settleMs,
  stepCase,
} from '../plan/search-plan.ts';

/** What a search needs from the session that runs it. */
export interface SearchParts {
  readonly scenario: Scenario;
  readonly setting: SearchedSetting;
  readonly drain: AbortSignal;
  /** Drives a case that is no case of the record; undefined when nothing was measured (an interrupt). */
  probe(planned: PlannedCase, changes: Partial<LoadAssignment>): Promise<CaseRecord | undefined>;
  /** Drives a case of the record, with all its trials, in place of the one before; undefined as above. */
  verdict(planned: PlannedCase, seed: number): Promise<CaseRecord | undefined>;
  /** Everything so far, after every run. */
  onRun(search: SearchRecord, run: ProbeRun): void;
}

/** Far beyond the bound there is nothing more to learn, and every further request lengthens the queue left behind. */
const HOPELESS = 10;

/** Asks the planner what to do next and does it, until it is done or interrupted. */
export async function searchCapacity(parts: SearchParts): Promise<SearchRecord> {
  const { scenario, setting, drain } = parts;
  const plan = searchPlan(scenario, setting.load.open);
  const runs: ProbeRun[] = [];
  for (;;) {
    const step = nextStep(plan, runs);
    if (step.kind === 'done') return { ...searchSoFar(parts, plan, runs), found: step.answer };
    if (drain.aborted) return searchSoFar(parts, plan, runs);
    const planned = stepCase(setting, scenario, step, runs.length + 1);
    const beganMs = performance.now();
    const record =
      step.kind === 'probe'
        ? await parts.probe(planned, probeChanges(scenario, step.seed, runs.length === 0))
        : await parts.verdict(planned, step.seed);
    // An interrupted run is neither here nor there.
    if (record === undefined || drain.aborted) return searchSoFar(parts, plan, runs);
    await sleep(settleMs(record));
    const run = { ...runOf(step, record, scenario), tookMs: performance.now() - beganMs };
    runs.push(run);
    parts.onRun(searchSoFar(parts, plan, runs), run);
  }
}

/** What a run says about its rate. */
function runOf(step: RunStep, record: CaseRecord, { decide }: Scenario): Omit<ProbeRun, 'tookMs'> {
  const slo = expressionsOf(decide.slo);
  const { durationS, counts } = record;
  return {
    ...step,
    durationMs: durationS * 1000,
    offeredPerS: durationS > 0 ? counts.scheduled / durationS : step.requestsPerS,
    ...(step.kind === 'probe'
      ? probeEvidence(record, slo, wasAborted(record))
      : verdictEvidence(record, slo)),
  };
}

function searchSoFar(
  { scenario, setting }: SearchParts,
  plan: SearchPlan,
  runs: readonly ProbeRun[],
): SearchRecord {
  const { maxRequestsPerS } = scenario.limits;
  return {
    axes: { ...setting.axes },
    precision: plan.precision,
    atMostMs: plan.budgetMs,
    ...(maxRequestsPerS === undefined ? {} : { maxPerS: maxRequestsPerS }),
    found: foundSoFar(plan, runs),
    runs: [...runs],
    fitted: fittedRates(runs).map(({ requestsPerS, margin, runs: count, bound }) => ({
      requestsPerS,
      margin,
      runs: count,
      bound,
    })),
  };
}

/** The first probe warms the server up too. A probe stops where its promise is broken beyond doubt. */
function probeChanges(
  { measure, limits, decide }: Scenario,
  seed: number,
  isFirst: boolean,
): Partial<LoadAssignment> {
  const boundMs = latencyBoundMs(decide);
  const above = HOPELESS * (boundMs ?? 0);
  const hopeless = { expression: `p99 > ${above} ms`, metric: 'p99' as const, above, forMs: 1000 };
  return {
    seed,
    warmupMs: isFirst ? measure.warmupMs : probeWarmupMs(measure),
    abort: boundMs === undefined ? limits.abort : [...limits.abort, hopeless],
  };
}

function wasAborted({ credibility }: CaseRecord): boolean {
  return credibility.reasons.some(({ id }) => id === 'ended-early');
}
