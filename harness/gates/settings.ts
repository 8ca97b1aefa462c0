import type { CaseRecord } from '../record/case-record.ts';
import { isMissing, type Percentile } from '../record/figures.ts';
import { bySetting, withoutLoad } from '../record/settings.ts';
import type { Expression } from '../scenario/expression.ts';
import type { Axes } from '../scenario/scenario.ts';
import { isLatency } from './bounds.ts';
import { isCeiling, type Judgement, judgeAll } from './budget.ts';

/** One setting at one offered rate, and whether its promise is proven there. */
export interface Step {
  readonly record: CaseRecord;
  readonly requestsPerS: number;
  /** Predictions/s at that rate. */
  readonly rowsPerS: number;
  readonly judgements: readonly Judgement[];
  readonly held: boolean;
}

/** Everything that was measured of one setting. */
export interface SettingResult {
  /** Its axes without the load. */
  readonly axes: Axes;
  /** Open-loop cases, by ascending rate. */
  readonly steps: readonly Step[];
  /** The closed pass. */
  readonly saturation?: CaseRecord;
  /** The highest step whose promise is proven: the capacity. */
  readonly best?: Step;
  /** The next step above it, which is not proven. */
  readonly next?: Step;
}

/** Groups cases into settings, in the order in which they appear. */
export function settingsOf(cases: readonly CaseRecord[], slo: readonly Expression[]): SettingResult[] {
  const open = cases.filter(({ load }) => load.resolvedRate !== undefined);
  const closed = cases.filter(({ load }) => load.shape === 'closed');
  return bySetting(open.length > 0 ? open : closed).map((group) => settingOf(group, closed, slo));
}

function settingOf(
  { axes, cases }: ReturnType<typeof bySetting>[number],
  closed: readonly CaseRecord[],
  slo: readonly Expression[],
): SettingResult {
  // Settings that differ in their open load alone share a closed pass, labelled by the axes on which they agree.
  const saturation = closed.find((record) =>
    Object.entries(withoutLoad(record.axes)).every(([name, label]) => axes[name] === label),
  );
  const steps = cases
    .filter(({ load }) => load.resolvedRate !== undefined)
    .map((record) => stepOf(record, slo))
    .sort((a, b) => a.requestsPerS - b.requestsPerS);
  const best = steps.findLast((step) => step.held);
  const next = best === undefined ? undefined : steps.find((step) => step.requestsPerS > best.requestsPerS);
  return {
    axes,
    steps,
    ...(saturation === undefined ? {} : { saturation }),
    ...(best === undefined ? {} : { best }),
    ...(next === undefined ? {} : { next }),
  };
}

function stepOf(record: CaseRecord, slo: readonly Expression[]): Step {
  const requestsPerS = record.load.resolvedRate ?? 0;
  const judgements = judgeAll(record, slo);
  return {
    record,
    requestsPerS,
    rowsPerS: requestsPerS * rowsPerRequestOf(record),
    judgements,
    held: slo.length > 0 && judgements.every(({ outcome }) => outcome === 'pass'),
  };
}

/** Mean rows of an answered request; 1 where none was answered. */
export function rowsPerRequestOf({ rows, counts }: CaseRecord): number {
  return counts.ok > 0 ? rows / counts.ok : 1;
}

/** The percentile that a promise is about: that of its first latency bound, or p99. */
export type PromisedPercentile = 'p50' | 'p90' | 'p95' | 'p99' | 'p999';

export function promisedPercentile(slo: readonly Expression[]): PromisedPercentile {
  const latency = slo.find((expression) => isLatency(expression.metric) && isCeiling(expression));
  const name = latency?.metric.replace('service.', '');
  return name === 'p50' || name === 'p90' || name === 'p95' || name === 'p999' ? name : 'p99';
}

export function evidenceOf({ record }: Step, percentile: PromisedPercentile): Percentile {
  return record.latencyMs.response[percentile];
}

/** Upper end of the promised percentile's interval in ms: what ties are broken by. */
export function upperEnd(step: Step, percentile: PromisedPercentile): number {
  const evidence = evidenceOf(step, percentile);
  return isMissing(evidence) ? Number.POSITIVE_INFINITY : (evidence.high ?? Number.POSITIVE_INFINITY);
}

/** A number of the configuration that the target says it runs, by its dotted key. */
export function effectiveNumber({ target }: CaseRecord, key: string): number | undefined {
  const value = target.effective[key];
  return typeof value === 'number' ? value : undefined;
}

export function isOverloaded({ record }: Step): boolean {
  return record.credibility.status === 'overloaded';
}
