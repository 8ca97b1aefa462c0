import type { PriceBook } from '../../cost/price-book.ts';
import { seededRandom } from '../../load/random.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { notice } from '../../record/notices.ts';
import type { NoticeRecord } from '../../record/run-record.ts';
import type { SearchRecord } from '../../record/search-record.ts';
import type { Store } from '../../record/store.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { VERDICTS } from '../../search/capacity-planner.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { expectedTrialS } from '../plan/assignment.ts';
import { closedCases, inOrder, type PlannedCase, type PlannedTrial } from '../plan/plan.ts';
import { type SearchedSetting, searchedSettings } from '../plan/search-plan.ts';
import { searchCapacity } from './capacity-search.ts';
import { MeasuredCases } from './measured-cases.ts';
import type { TrialPosition } from './observer.ts';
import { openPass } from './open-pass.ts';
import type { RunBook } from './run-book.ts';
import type { RunOptions } from './run-options.ts';
import { TrialDriver } from './trial-driver.ts';

export interface SessionParts {
  readonly scenario: Scenario;
  readonly options: RunOptions;
  readonly store: Store;
  readonly book: RunBook;
  readonly prices: PriceBook;
  note(notice: NoticeRecord): void;
}

/** Runs the passes of a scenario one after the other: closed, open, searches. */
export class RunSession {
  readonly #parts: SessionParts;
  readonly #driver: TrialDriver;
  readonly #cases: MeasuredCases;
  readonly #random: () => number;
  #driven = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#driver = new TrialDriver(parts);
    this.#cases = new MeasuredCases(parts);
    this.#random = seededRandom(parts.scenario.measure.seed, ORDER_STREAM);
  }

  /** Runs everything; resolves with the error that ended it, if one did. No target is left running. */
  async run(): Promise<Error | undefined> {
    const { scenario, book, store, options } = this.#parts;
    const plan = { trials: this.#planned(), expectedS: this.#remainingS() };
    options.observer.onStart(book.record(), store.folder, plan);
    try {
      await this.#runAll(closedCases(scenario));
      if (!options.drain.aborted) await this.#runAll(this.#planOpenPass());
      for (const setting of searchedSettings(scenario)) await this.#search(setting);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      await this.#driver.stop();
    }
  }

  /** From here on it is known how many cases there are. */
  #planOpenPass(): readonly PlannedCase[] {
    const { scenario, book, note } = this.#parts;
    const { cases, aboveLimit } = openPass(scenario, book.cases);
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
    const driven = await this.#driver.drive(trial, this.#position(), changes);
    if (driven === undefined) return undefined;
    const measured = this.#cases.add(trial.planned, driven);
    this.#parts.options.observer.onCase(measured, this.#position());
    return measured;
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
        const driven = await this.#driver.drive({ planned, trial: 0 }, this.#position(), changes);
        return driven === undefined ? undefined : this.#cases.apart(planned, driven);
      },
      verdict: async (planned, seed) => {
        // The one before was not proven.
        this.#cases.startAnew(planned);
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

/** The order of cases draws from a stream of its own, so that it never shifts arrivals or payloads. */
const ORDER_STREAM = 0x0bde5;
