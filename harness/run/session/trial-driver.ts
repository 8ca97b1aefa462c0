import type { NoticeRecord } from '../../record/run-record.ts';
import type { Store } from '../../record/store.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { TargetSpec } from '../../scenario/target-spec.ts';
import type { RunningTarget } from '../../targets/target.ts';
import type { Golden, LoadAssignment } from '../load-engine.ts';
import { placementFor } from '../machine/place-on-cores.ts';
import { assignmentFor } from '../plan/assignment.ts';
import { eventsIn } from '../plan/events-in.ts';
import type { PlannedTrial } from '../plan/plan.ts';
import { otherTargets, refuse, workloadProblems } from '../requests/check-workloads.ts';
import { goldensFor } from '../requests/reference-pass.ts';
import { emptyCache } from '../trial/empty-cache.ts';
import { makeTarget } from '../trial/make-target.ts';
import { TargetHolder } from '../trial/target-holder.ts';
import { driveTrial, type TrialFacts } from '../trial/trial.ts';
import type { TrialPosition } from './observer.ts';
import type { RunOptions } from './run-options.ts';

export interface TrialDriverParts {
  readonly scenario: Scenario;
  readonly options: RunOptions;
  readonly store: Store;
  note(notice: NoticeRecord): void;
}

/** What a trial brought home, and from where. */
export interface MeasuredTrial {
  readonly facts: TrialFacts;
  readonly target: RunningTarget;
  readonly seed: number;
}

/** Drives trials one after the other, each against the target that it needs; at most one target is running. */
export class TrialDriver {
  readonly #parts: TrialDriverParts;
  readonly #holder: TargetHolder;
  #checked = false;
  #goldens: { readonly key: string; readonly answers: readonly Golden[] | undefined } | undefined;

  constructor(parts: TrialDriverParts) {
    this.#parts = parts;
    this.#holder = new TargetHolder((spec) => makeTarget(spec, placementFor(spec).server, parts.note));
  }

  /** `changes`: of the assignment as planned. Undefined when it was interrupted before anything was measured. */
  async drive(
    trial: PlannedTrial,
    position: TrialPosition,
    changes: Partial<LoadAssignment>,
  ): Promise<MeasuredTrial | undefined> {
    const { planned } = trial;
    const { drain, cancel, engines, observer } = this.#parts.options;
    observer.onTrialStart(planned, position);
    const target = await this.#checkedTarget(planned.setting.target);
    if (drain.aborted) return undefined;
    const assignment = { ...this.#assignmentFor(trial, target), ...changes };
    const goldens = await this.#goldensOf(assignment, target);
    if (drain.aborted) return undefined;
    await emptyCache(target);
    const events = eventsIn(planned, this.#parts.scenario.events);
    const facts = await driveTrial({
      target,
      events,
      assignment: goldens === undefined ? assignment : { ...assignment, goldens },
      engine: engines[planned.setting.load.engine],
      drain,
      cancel,
      onProgress: (progress) => observer.onProgress(planned, progress, position),
    });
    // The next trial begins with a server that nothing has happened to.
    if (events.length > 0) await this.#holder.stop();
    const nothing = drain.aborted && facts.result.durationMs === 0;
    return nothing ? undefined : { facts, target, seed: assignment.seed };
  }

  /** Stops the target, if one is running. */
  stop(): Promise<void> {
    return this.#holder.stop();
  }

  /**
   * The first time every other model is started too, to tell its inputs: what cannot be sent is known before anything is.
   * Throws UsageError with the problems of all settings.
   */
  async #checkedTarget(spec: TargetSpec): Promise<RunningTarget> {
    const target = await this.#holder.use(spec);
    if (this.#checked) return target;
    this.#checked = true;
    const { scenario, options } = this.#parts;
    const problems = [...workloadProblems(scenario, target)];
    for (const other of otherTargets(scenario, spec)) {
      if (options.drain.aborted) break;
      problems.push(...workloadProblems(scenario, await this.#holder.use(other)));
    }
    refuse(problems);
    return this.#holder.use(spec);
  }

  #assignmentFor(trial: PlannedTrial, target: RunningTarget): LoadAssignment {
    const { scenario, store } = this.#parts;
    const { generator: cpus } = placementFor(trial.planned.setting.target);
    const where = { runId: store.id, runFolder: store.folder, ...(cpus === undefined ? {} : { cpus }) };
    return assignmentFor(trial, scenario, target, where);
  }

  /** Asked once for each server, workload and seed: other loads of the same setting compare with the same answers. */
  async #goldensOf(
    assignment: LoadAssignment,
    { spec }: RunningTarget,
  ): Promise<readonly Golden[] | undefined> {
    const key = JSON.stringify([spec, assignment.workload, assignment.seed]);
    if (this.#goldens?.key !== key) {
      const { limits } = this.#parts.scenario;
      const gapMs = limits.maxRequestsPerS === undefined ? 0 : 1000 / limits.maxRequestsPerS;
      const answers = await goldensFor(assignment, gapMs, this.#parts.options.drain);
      this.#goldens = { key, answers };
    }
    return this.#goldens.answers;
  }
}
