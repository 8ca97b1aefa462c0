import { meanOver } from '../../probes/utilization.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { isMissing } from '../../record/figures.ts';
import type { Cause } from '../../record/judged.ts';
import { cacheOfKind } from '../../targets/cache-statistics.ts';
import { addStatistics, statisticsDelta } from '../../targets/statistics.ts';
import type { RunningTarget } from '../../targets/target.ts';
import type { PayloadFacts } from '../../workload/payload-facts.ts';
import type { PlannedCase } from '../plan/plan.ts';
import type { StatisticsSpan, TrialFacts } from '../trial/trial.ts';
import { utilizationOf } from '../trial/watch-trial.ts';
import { payloadsOfTrial, withPayloads } from './case-classes.ts';
import type { Headline } from './case-judgement.ts';
import { summariseCase } from './case-summary.ts';
import { PRESSURE_PCT, STEAL_PCT, THROTTLED_PCT } from './host-notices.ts';
import { type TrialUse, utilizationTogether } from './trials-together.ts';

/** Collects the trials of one case and makes its record, anew after every trial. */
export class CaseAssembly {
  readonly #planned: PlannedCase;
  readonly #headline: Headline;
  readonly #sameCores: boolean;
  readonly #trials: TrialFacts[] = [];
  readonly #payloads: (readonly PayloadFacts[] | undefined)[] = [];
  #target: CaseRecord['target'] | undefined;

  /** `sameCores`: generator and server could not be bound apart. */
  constructor(planned: PlannedCase, headline: Headline, sameCores: boolean) {
    this.#planned = planned;
    this.#headline = headline;
    this.#sameCores = sameCores;
  }

  /** `seed`: of this trial. */
  add(facts: TrialFacts, target: RunningTarget, seed: number): void {
    this.#trials.push(facts);
    const { setting, load } = this.#planned;
    // A replay says which payload each arrival has; all other loads number them.
    const numbered = load.shape !== 'replay';
    this.#payloads.push(numbered ? payloadsOfTrial(setting.workload, seed, [facts.result]) : undefined);
    this.#target = {
      kind: target.spec.kind,
      requested: { ...target.requested },
      effective: { ...target.effective },
      ...(target.pid === undefined ? {} : { pid: target.pid }),
    };
  }

  /** Without cost and gates, which are decided from the figures. */
  record(): Omit<CaseRecord, 'cost' | 'gates'> {
    const [first, ...others] = this.#trials;
    if (first === undefined || this.#target === undefined)
      throw new Error(`${this.#planned.id} has no trial`);
    const { id, axes, load, setting } = this.#planned;
    const measured = serverView(this.#trials.map((trial) => trial.measured));
    const whole = serverView(this.#trials.map((trial) => trial.whole));
    const trials = this.#trials.map(({ startedAt, result }) => ({ startedAt, results: [result] }));
    const causes = causesOf(this.#trials, this.#sameCores);
    const changes = this.#trials.flatMap((facts, trial) => facts.changes.map((one) => ({ trial, ...one })));
    const changed = changes.length > 0;
    const measurement = summariseCase({ trials, load, headline: this.#headline, causes, changed });
    return {
      id,
      axes: { ...axes },
      load,
      target: this.#target,
      ...measurement,
      ...(changed ? { changes } : {}),
      classes: withPayloads(measurement.classes, setting.workload, this.#payloads),
      batch: measured.batch,
      cache: cacheOfKind(measured.cache, this.#target.effective['cache.kind']),
      serverMs: measured.serverMs,
      serverArrivals: whole.serverArrivals,
      ...(measured.versions === undefined ? {} : { versions: { ...measured.versions } }),
      ...(measured.shadow === undefined ? {} : { shadow: { ...measured.shadow } }),
      utilization: utilizationTogether([useOf(first), ...others.map(useOf)]),
      readings: (others.at(-1) ?? first).watched.probes.readings,
    };
  }
}

function useOf({ watched, result }: TrialFacts): TrialUse {
  return { utilization: utilizationOf(watched, result), durationS: result.durationMs / 1000 };
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

/** What the host did to the processes while it was measured, in words: the CAUSE of a late client, never a verdict. */
function causesOf(trials: readonly TrialFacts[], sameCores: boolean): Cause[] {
  const worst = (metric: string): number => Math.max(0, ...trials.map((trial) => hostMean(trial, metric)));
  const stealPct = worst('stealPct');
  const throttledPct = worst('throttledPct');
  const pressurePct = worst('cpuPressurePct');
  const seen = (id: Cause['id'], applies: boolean, message: string): Cause[] =>
    applies ? [{ id, message }] : [];
  const percent = (share: number) => `${share.toFixed(0)} %`;
  return [
    ...seen(
      'cpu-quota',
      throttledPct > THROTTLED_PCT,
      `a CPU quota held processes back for ${percent(throttledPct)} of the time`,
    ),
    ...seen(
      'steal',
      stealPct > STEAL_PCT,
      `other virtual machines took ${percent(stealPct)} of the CPU time`,
    ),
    ...seen(
      'pressure',
      pressurePct > PRESSURE_PCT,
      `some process waited for a CPU ${percent(pressurePct)} of the time`,
    ),
    ...seen('same-cores', sameCores, 'the server runs on the same cores'),
  ];
}

/** Over the measure phase of one trial; 0 where it was not read. */
function hostMean({ watched, result }: TrialFacts, metric: string): number {
  const series = watched.probes.readings.host?.[metric];
  if (series === undefined) return 0;
  const mean = meanOver(series, { fromS: 0, toS: result.durationMs / 1000 });
  return isMissing(mean) ? 0 : mean;
}
