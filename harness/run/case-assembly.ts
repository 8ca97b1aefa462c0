import { type CaseRecord, isMissing } from '../record/run-record.ts';
import { statisticsDelta } from '../targets/statistics.ts';
import type { RunningTarget, ServerStatistics } from '../targets/target.ts';
import { type Headline, summariseCase } from './case-summary.ts';
import type { PlannedCase } from './plan.ts';
import type { StatisticsSpan, TrialFacts } from './trial.ts';
import { utilizationOf } from './watch-trial.ts';

/** Collects the trials of one case and makes its record, anew after every trial. */
export class CaseAssembly {
  readonly #planned: PlannedCase;
  readonly #headline: Headline;
  readonly #trials: TrialFacts[] = [];
  #target: CaseRecord['target'] | undefined;

  constructor(planned: PlannedCase, headline: Headline) {
    this.#planned = planned;
    this.#headline = headline;
  }

  add(facts: TrialFacts, target: RunningTarget): void {
    this.#trials.push(facts);
    this.#target = {
      kind: target.spec.kind,
      requested: { ...target.requested },
      effective: { ...target.effective },
      ...(target.pid === undefined ? {} : { pid: target.pid }),
    };
  }

  /** Without cost and gates, which are decided from the figures. */
  record(): Omit<CaseRecord, 'cost' | 'gates'> {
    const last = this.#trials.at(-1);
    if (last === undefined || this.#target === undefined) throw new Error(`${this.#planned.id} has no trial`);
    const { id, axes, load } = this.#planned;
    const measured = serverView(this.#trials.map((trial) => trial.measured));
    const whole = serverView(this.#trials.map((trial) => trial.whole));
    const trials = this.#trials.map(({ startedAt, result }) => ({ startedAt, results: [result] }));
    return {
      id,
      axes: { ...axes },
      load,
      target: this.#target,
      ...summariseCase({ trials, load, headline: this.#headline, causes: causesOf(this.#trials) }),
      batch: measured.batch,
      serverMs: measured.serverMs,
      serverArrivals: whole.serverArrivals,
      utilization: utilizationOf(last.watched, last.result),
      readings: last.watched.probes.readings,
    };
  }
}

/** The trials' spans joined end to end: a server restarted between trials counts from 0 in each. */
function serverView(spans: readonly TrialFacts['whole'][]): ReturnType<typeof statisticsDelta> {
  const first = spans.find(isMissing);
  if (first !== undefined) return statisticsDelta(first, first);
  const known = spans.filter((span): span is StatisticsSpan => !isMissing(span));
  return statisticsDelta(
    known.map(({ before }) => before).reduce(addStatistics),
    known.map(({ after }) => after).reduce(addStatistics),
  );
}

function addStatistics(a: ServerStatistics, b: ServerStatistics): ServerStatistics {
  const sums: Record<string, unknown> = {};
  for (const key of Object.keys({ ...a, ...b }) as (keyof ServerStatistics)[]) {
    const [left, right] = [a[key], b[key]];
    sums[key] =
      typeof left === 'object' || typeof right === 'object'
        ? addCounts(left as Counts | undefined, right as Counts | undefined)
        : ((left as number | undefined) ?? 0) + ((right as number | undefined) ?? 0);
  }
  return sums as unknown as ServerStatistics;
}

type Counts = Readonly<Record<string, number>>;

function addCounts(a: Counts = {}, b: Counts = {}): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** What the host did to the processes meanwhile, in words: the CAUSE of a late client, never a verdict. */
function causesOf(trials: readonly TrialFacts[]): string[] {
  const worst = (metric: string): number =>
    Math.max(
      0,
      ...trials
        .flatMap(({ watched }) => watched.probes.readings.host?.[metric]?.values ?? [])
        .map((value) => value ?? 0),
    );
  const causes: string[] = [];
  const stealPct = worst('stealPct');
  const throttledPct = worst('throttledPct');
  if (stealPct >= 2)
    causes.push(`other virtual machines took up to ${stealPct.toFixed(0)} % of the CPU time`);
  if (throttledPct > 0)
    causes.push(`a CPU quota held processes back for ${throttledPct.toFixed(0)} % of the time`);
  return causes;
}
