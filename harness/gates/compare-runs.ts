import type { CaseRecord } from '../record/case-record.ts';
import { isMissing, type Percentile } from '../record/figures.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { Axes } from '../scenario/scenario.ts';
import { type Interval, ratioInterval } from '../statistics/ratio.ts';

export type Change = 'regression' | 'improvement' | 'no difference shown' | 'not enough data';

/** One metric of one case in two runs. */
export interface Comparison {
  readonly axes: Axes;
  readonly metric: 'p50' | 'p99' | 'throughput';
  readonly change: Change;
  readonly before?: number;
  readonly after?: number;
  /** after / before with its 95 % interval; absent where one of the two is missing. */
  readonly ratio?: { readonly value: number; readonly low: number; readonly high: number };
  /** Why there is not enough data. */
  readonly reason?: string;
}

export interface RunComparison {
  readonly comparisons: readonly Comparison[];
  /** What qualifies the comparison: other scenarios, other machines, other rates. */
  readonly remarks: readonly string[];
  /** Cases of one run without a partner in the other, by their axes. */
  readonly unmatched: readonly Axes[];
}

/** Compares two runs case by case; the cases with equal axes belong together. */
export function compareRuns(before: RunRecord, after: RunRecord): RunComparison {
  const pairs = before.cases.flatMap((old) => {
    const partner = after.cases.find((candidate) => keyOf(candidate.axes) === keyOf(old.axes));
    return partner === undefined ? [] : [{ old, partner }];
  });
  const matched = new Set(pairs.map(({ old }) => keyOf(old.axes)));
  return {
    comparisons: pairs.flatMap(({ old, partner }) => compareCases(old, partner)),
    remarks: [...remarksOf(before, after), ...rateRemarks(pairs)],
    unmatched: [...before.cases, ...after.cases]
      .map(({ axes }) => axes)
      .filter((axes) => !matched.has(keyOf(axes))),
  };
}

function keyOf(axes: Axes): string {
  return JSON.stringify(Object.entries(axes).sort());
}

function compareCases(before: CaseRecord, after: CaseRecord): Comparison[] {
  const closed = before.load.shape === 'closed';
  const latency = (['p50', 'p99'] as const).map((metric) => compareLatency(before, after, metric));
  // At an offered rate that both carry, throughput is the rate: it says something for a closed pass only.
  return closed ? [compareThroughput(before, after)] : latency;
}

function compareLatency(before: CaseRecord, after: CaseRecord, metric: 'p50' | 'p99'): Comparison {
  const head = { axes: before.axes, metric };
  const [old, now] = [before.latencyMs.response[metric], after.latencyMs.response[metric]];
  const only = onlyOneOverloaded(before, after);
  if (only !== undefined)
    return { ...head, change: only, reason: 'one of the two is overloaded', ...figures(old, now) };
  const doubtful = [before, after].find(({ credibility }) => credibility.status !== 'valid');
  if (doubtful !== undefined) {
    return { ...head, change: 'not enough data', reason: `a case is ${doubtful.credibility.status}` };
  }
  if (isMissing(old) || isMissing(now) || old.high === null || now.high === null) {
    return {
      ...head,
      change: 'not enough data',
      reason: reasonOf(old) ?? reasonOf(now) ?? 'an interval has no upper end',
    };
  }
  const ratio = ratioInterval({ ...old, high: old.high }, { ...now, high: now.high });
  const change = changeOf(ratio, 'less is better');
  const shown = { ...head, ...figures(old, now), ratio };
  return explainedByRate(change, before, after)
    ? {
        ...shown,
        change: 'not enough data',
        reason: 'the offered rates differ in the direction of the change',
      }
    : { ...shown, change };
}

function figures(old: Percentile, now: Percentile): Pick<Comparison, 'before' | 'after'> {
  return {
    ...(isMissing(old) ? {} : { before: old.value }),
    ...(isMissing(now) ? {} : { after: now.value }),
  };
}

/** A rate that one run carried and the other could not, at no more load, is a change without any interval. */
function onlyOneOverloaded(before: CaseRecord, after: CaseRecord): Change | undefined {
  const [was, is] = [before, after].map(({ credibility }) => credibility.status);
  if (was === 'valid' && is === 'overloaded' && !explainedByRate('regression', before, after))
    return 'regression';
  if (was === 'overloaded' && is === 'valid' && !explainedByRate('improvement', before, after))
    return 'improvement';
  return undefined;
}

/** More load makes slower and less makes faster: such a change is only shown against the difference in rates. */
function explainedByRate(change: Change, before: CaseRecord, after: CaseRecord): boolean {
  const ratio = (after.load.resolvedRate ?? 1) / (before.load.resolvedRate ?? 1);
  return (change === 'regression' && ratio > 1.02) || (change === 'improvement' && ratio < 0.98);
}

function reasonOf(percentile: Percentile): string | undefined {
  return isMissing(percentile) ? percentile.missing : undefined;
}

function compareThroughput(before: CaseRecord, after: CaseRecord): Comparison {
  const head = { axes: before.axes, metric: 'throughput' as const };
  const [old, now] = [before.throughput, after.throughput];
  if (isMissing(old.interval) || isMissing(now.interval) || old.interval.low <= 0) {
    return { ...head, change: 'not enough data', reason: 'a throughput has no interval' };
  }
  const ratio = ratioInterval(
    { value: old.requestsPerS, ...old.interval },
    { value: now.requestsPerS, ...now.interval },
  );
  return {
    ...head,
    before: old.requestsPerS,
    after: now.requestsPerS,
    ratio,
    change: changeOf(ratio, 'more is better'),
  };
}

function changeOf({ low, high }: Interval, better: 'less is better' | 'more is better'): Change {
  if (low <= 1 && high >= 1) return 'no difference shown';
  return high < 1 === (better === 'less is better') ? 'improvement' : 'regression';
}

function remarksOf(before: RunRecord, after: RunRecord): string[] {
  const machine = ({ environment }: RunRecord) => [environment.cpuModel, environment.cpuCores].join(', ');
  return [
    ...(before.scenario.hash === after.scenario.hash
      ? []
      : ['The two runs are of different scenarios or settings: only cases with equal axes are compared.']),
    ...(machine(before) === machine(after)
      ? []
      : [
          `The two runs are from different machines (${machine(before)}; ${machine(after)}): differences may be theirs.`,
        ]),
    ...(before.partial || after.partial
      ? ['A run is partial: what it did not measure is not compared.']
      : []),
  ];
}

/** A ladder's rates follow each run's own saturation, so that equal labels may be other rates. */
function rateRemarks(pairs: readonly { old: CaseRecord; partner: CaseRecord }[]): string[] {
  const moved = pairs.filter(({ old, partner }) => {
    const [before, after] = [old.load.resolvedRate, partner.load.resolvedRate];
    return before !== undefined && after !== undefined && Math.abs(after / before - 1) > 0.02;
  });
  const [first] = moved;
  if (first === undefined) return [];
  const { old, partner } = first;
  const rates = `${Math.round(old.load.resolvedRate ?? 0)}/s and ${Math.round(partner.load.resolvedRate ?? 0)}/s`;
  return [
    `The rates behind equal labels differ (load ${old.load.label}: ${rates}), as ladders follow each run's own saturation: fix the rate to compare latency.`,
  ];
}
