import type { PriceBook } from '../../cost/price-book.ts';
import { TargetError } from '../../errors.ts';
import { seededRandom } from '../../load/random.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { notice } from '../../record/notices.ts';
import type { NoticeRecord } from '../../record/run-record.ts';
import type { SearchRecord } from '../../record/search-record.ts';
import type { Store } from '../../record/store.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { VERDICTS } from '../../search/capacity-planner.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { CaseAssembly } from '../cases/case-assembly.ts';
import { headlineOf, withDecisions } from '../cases/decisions.ts';
import { type DrivenTrial, generatorNotices, rawLogNotices } from '../cases/host-notices.ts';
import type { Golden, LoadAssignment } from '../load-engine.ts';
import { placementFor } from '../machine/place-on-cores.ts';
import { assignmentFor, expectedTrialS } from '../plan/assignment.ts';
import {
  bestSaturation,
  closedCases,
  inOrder,
  openCases,
  type PlannedCase,
  type PlannedTrial,
} from '../plan/plan.ts';
import { type SearchedSetting, searchedSettings } from '../plan/search-plan.ts';
import { checkWorkloads } from '../requests/check-workloads.ts';
import { goldensFor } from '../requests/reference-pass.ts';
import { addCounts } from '../results/pooled-facts.ts';
import { makeTarget } from '../trial/make-target.ts';
import { TargetHolder } from '../trial/target-holder.ts';
import { driveTrial, type TrialFacts } from '../trial/trial.ts';
import { searchCapacity } from './capacity-search.ts';
import type { TrialPosition } from './observer.ts';
import type { RunBook } from './run-book.ts';
import type { RunOptions } from './run-options.ts';

export interface SessionParts {
  readonly scenario: Scenario;
  readonly options: RunOptions;
  readonly store: Store;
  readonly book: RunBook;
  readonly prices: PriceBook;
  note(notice: NoticeRecord): void;
}

/** Drives the planned trials one after the other and keeps the record on disk up to date. */
export class RunSession {
  readonly #parts: SessionParts;
  readonly #holder: TargetHolder;
  readonly #random: () => number;
  readonly #assemblies = new Map<string, CaseAssembly>();
  readonly #trials: DrivenTrial[] = [];
  #goldens: { readonly key: string; readonly answers: readonly Golden[] | undefined } | undefined;
  readonly #checkedModels = new Set<string>();
  #driven = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#random = seededRandom(parts.scenario.measure.seed, ORDER_STREAM);
    this.#holder = new TargetHolder((spec) => makeTarget(spec, placementFor(spec).server, parts.note));
  }

  /** Runs everything; resolves with the error that ended it, if one did. No target is left running. */
  async run(): Promise<Error | undefined> {
    const { scenario, book, store, options } = this.#parts;
    const plan = { trials: this.#planned(), expectedS: this.#remainingS() };
    options.observer.onStart(book.record(), store.folder, plan);
    try {
      await this.#runAll(closedCases(scenario));
      if (!options.drain.aborted) await this.#runAll(this.#openCases());
      for (const setting of searchedSettings(scenario)) await this.#search(setting);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      await this.#holder.stop();
    }
  }

  /** The open cases at the rates that the closed pass has shown, less those that the scenario forbids. */
  #openCases(): readonly PlannedCase[] {
    const { scenario, book, note } = this.#parts;
    const saturation = bestSaturation(book.cases);
    const isLadder = scenario.settings.some(({ load }) => load.open?.kind === 'ladder');
    if (isLadder && saturation === undefined) throw nothingCarried(book.cases);
    const { cases, aboveLimit } = openCases(scenario, saturation);
    if (aboveLimit.length > 0) note(notice('above-limit', { cases: aboveLimit.map(({ id }) => id) }));
    book.plan(closedCases(scenario).length + cases.length + searchedSettings(scenario).length);
    return cases;
  }

  async #runAll(cases: readonly PlannedCase[]): Promise<void> {
    for (const trial of inOrder(cases, this.#parts.scenario, this.#random)) {
      if (this.#parts.options.drain.aborted) return;
      await this.#runTrial(trial);
      this.#driven += 1;
    }
  }

  async #runTrial(
    trial: PlannedTrial,
    changes: Partial<LoadAssignment> = {},
  ): Promise<CaseRecord | undefined> {
    const { scenario, options, store, book, note } = this.#parts;
    const { planned } = trial;
    const driven = await this.#drive(trial, changes);
    if (driven === undefined) return undefined;
    this.#trials.push({ caseId: planned.id, result: driven.facts.result });
    if (scenario.measure.rawLog) rawLogNotices(this.#trials).forEach(note);
    generatorNotices(this.#trials).forEach(note);
    const assembly = this.#assemblyOf(planned);
    assembly.add(driven.facts, driven.target, driven.seed);
    const measured = withDecisions(assembly.record(), book.record(), this.#parts.prices);
    book.put(measured);
    store.write(book.record());
    options.observer.onCase(measured, this.#position());
    return measured;
  }

  /** Undefined when it was interrupted before anything was measured. */
  async #drive(
    trial: PlannedTrial,
    changes: Partial<LoadAssignment>,
  ): Promise<{ facts: TrialFacts; target: RunningTarget; seed: number } | undefined> {
    const { scenario, options, store } = this.#parts;
    const { planned } = trial;
    const { drain, cancel } = options;
    const position = this.#position();
    options.observer.onTrialStart(planned, position);
    const target = await this.#holder.use(planned.setting.target);
    if (drain.aborted) return undefined;
    this.#checkOnce(target);
    const { generator } = placementFor(planned.setting.target);
    const where = {
      runId: store.id,
      runFolder: store.folder,
      ...(generator === undefined ? {} : { cpus: generator }),
    };
    const assignment = { ...assignmentFor(trial, scenario, target, where), ...changes };
    const goldens = await this.#goldensOf(assignment, target);
    if (drain.aborted) return undefined;
    const facts = await driveTrial({
      target,
      assignment: goldens === undefined ? assignment : { ...assignment, goldens },
      engine: options.engines[planned.setting.load.engine],
      drain,
      cancel,
      onProgress: (progress) => options.observer.onProgress(planned, progress, position),
    });
    const nothing = drain.aborted && facts.result.durationMs === 0;
    return nothing ? undefined : { facts, target, seed: assignment.seed };
  }

  /** Searches the capacity of one setting; what was probed is on disk after every run. */
  async #search(setting: SearchedSetting): Promise<void> {
    const { scenario, options, store, book } = this.#parts;
    if (options.drain.aborted) return;
    let caseId: string | undefined;
    const keep = (search: SearchRecord): void => {
      book.putSearch({ ...search, ...(caseId === undefined ? {} : { caseId }) });
      store.write(book.record());
    };
    const search = await searchCapacity({
      scenario,
      setting,
      drain: options.drain,
      probe: async (planned, changes) => {
        const driven = await this.#drive({ planned, trial: 0 }, changes);
        if (driven === undefined) return undefined;
        const assembly = this.#newAssembly(planned);
        assembly.add(driven.facts, driven.target, driven.seed);
        return { ...assembly.record(), cost: [], gates: [] };
      },
      verdict: async (planned, seed) => {
        // The one before was not proven.
        this.#assemblies.delete(planned.id);
        caseId = planned.id;
        return this.#runVerdict(planned, seed);
      },
      onRun: (soFar, run) => {
        keep(soFar);
        options.observer.onSearchRun(soFar, run);
      },
    });
    keep(search);
    if (search.found.end !== undefined && caseId === undefined) book.plan(book.planned - 1);
    else this.#driven += scenario.measure.trials;
  }

  async #runVerdict(planned: PlannedCase, seed: number): Promise<CaseRecord | undefined> {
    let measured: CaseRecord | undefined;
    for (let trial = 0; trial < this.#parts.scenario.measure.trials; trial++) {
      if (this.#parts.options.drain.aborted) return undefined;
      measured = await this.#runTrial({ planned, trial }, { seed: seed + VERDICTS * trial });
    }
    return measured;
  }

  /** When a model has told its inputs, before anything is sent to it. */
  #checkOnce(target: RunningTarget): void {
    if (this.#checkedModels.has(target.spec.model)) return;
    this.#checkedModels.add(target.spec.model);
    checkWorkloads(this.#parts.scenario, target);
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

  #assemblyOf(planned: PlannedCase): CaseAssembly {
    const known = this.#assemblies.get(planned.id);
    if (known !== undefined) return known;
    const fresh = this.#newAssembly(planned);
    this.#assemblies.set(planned.id, fresh);
    return fresh;
  }

  #newAssembly(planned: PlannedCase): CaseAssembly {
    const { shared } = placementFor(planned.setting.target);
    return new CaseAssembly(planned, headlineOf(this.#parts.scenario), shared);
  }

  #position(): TrialPosition {
    return { index: this.#driven, of: this.#planned(), remainingS: this.#remainingS() };
  }

  #remainingS(): number {
    return (this.#planned() - this.#driven) * expectedTrialS(this.#parts.scenario);
  }

  /** Trials: as many as are thought of now, since the closed pass may show that some rates lie above the limit. */
  #planned(): number {
    return this.#parts.book.planned * this.#parts.scenario.measure.trials;
  }
}

/** Every request of the closed pass failed, so there is no rate to take shares of. */
function nothingCarried(cases: readonly CaseRecord[]): TargetError {
  const { byOutcome } = addCounts(cases.map(({ counts }) => counts));
  const seen = Object.entries(byOutcome)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
  return new TargetError(
    `The closed pass brought no answer home (${seen === '' ? 'nothing was finished' : seen}), so the ladder has no rate to take shares of.`,
    'Look at the server, and at load.timeout and measure.duration; or name a rate: load.poisson.rate.',
  );
}

/** The order of cases draws from a stream of its own, so that it never shifts arrivals or payloads. */
const ORDER_STREAM = 0x0bde5;
