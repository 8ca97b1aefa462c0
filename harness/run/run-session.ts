import type { PriceBook } from '../cost/price-book.ts';
import { seededRandom } from '../load/random.ts';
import { notice } from '../record/notices.ts';
import type { NoticeRecord } from '../record/run-record.ts';
import type { Store } from '../record/store.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { assignmentFor, expectedTrialS } from './assignment.ts';
import { CaseAssembly } from './case-assembly.ts';
import { headlineOf, withDecisions } from './decisions.ts';
import { makeTarget } from './make-target.ts';
import type { TrialPosition } from './observer.ts';
import { placementFor } from './place-on-cores.ts';
import {
  bestSaturation,
  closedCases,
  inOrder,
  openCases,
  type PlannedCase,
  type PlannedTrial,
} from './plan.ts';
import type { RunBook } from './run-book.ts';
import type { RunOptions } from './run-scenario.ts';
import { TargetHolder } from './target-holder.ts';
import { driveTrial } from './trial.ts';

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
  #driven = 0;
  #planned = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#random = seededRandom(parts.scenario.measure.seed, ORDER_STREAM);
    this.#holder = new TargetHolder((spec) => makeTarget(spec, placementFor(spec).server, parts.note));
  }

  /** Runs everything; resolves with the error that ended it, if one did. No target is left running. */
  async run(): Promise<Error | undefined> {
    const { scenario, book, store, options, note } = this.#parts;
    const { trials } = scenario.measure;
    this.#planned = book.record().scenario.plannedCases * trials;
    const expectedS = this.#remainingS();
    options.observer.onStart(book.record(), store.folder, { trials: this.#planned, expectedS });
    try {
      await this.#runAll(closedCases(scenario));
      if (options.drain.aborted) return undefined;
      const { cases, aboveLimit } = openCases(scenario, bestSaturation(book.cases));
      if (aboveLimit.length > 0) {
        note(notice('above-limit', { cases: aboveLimit.map(({ id }) => id) }));
        this.#planned -= aboveLimit.length * trials;
        book.plan(this.#planned / trials);
      }
      await this.#runAll(cases);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      await this.#holder.stop();
    }
  }

  async #runAll(cases: readonly PlannedCase[]): Promise<void> {
    for (const trial of inOrder(cases, this.#parts.scenario, this.#random)) {
      if (this.#parts.options.drain.aborted) return;
      await this.#runTrial(trial);
      this.#driven += 1;
    }
  }

  async #runTrial(trial: PlannedTrial): Promise<void> {
    const { scenario, options, store, book } = this.#parts;
    const { planned } = trial;
    const position = this.#position();
    options.observer.onTrialStart(planned, position);
    const target = await this.#holder.use(planned.setting.target);
    const { generator } = placementFor(planned.setting.target);
    const assignment = assignmentFor(trial, scenario, target, {
      runId: store.id,
      ...(generator === undefined ? {} : { cpus: generator }),
    });
    const facts = await driveTrial({
      target,
      assignment,
      engine: options.engine,
      drain: options.drain,
      cancel: options.cancel,
      onProgress: (progress) => options.observer.onProgress(planned, progress, position),
    });
    const assembly = this.#assemblyOf(planned);
    assembly.add(facts, target);
    const measured = withDecisions(assembly.record(), book.record(), this.#parts.prices);
    book.put(measured);
    store.write(book.record());
    options.observer.onCase(measured, position);
  }

  #assemblyOf(planned: PlannedCase): CaseAssembly {
    const known = this.#assemblies.get(planned.id);
    if (known !== undefined) return known;
    const fresh = new CaseAssembly(planned, headlineOf(this.#parts.scenario));
    this.#assemblies.set(planned.id, fresh);
    return fresh;
  }

  #position(): TrialPosition {
    return { index: this.#driven, of: this.#planned, remainingS: this.#remainingS() };
  }

  #remainingS(): number {
    const { scenario } = this.#parts;
    const startsServer = scenario.settings[0]?.target.kind === 'reference';
    return (this.#planned - this.#driven) * expectedTrialS(scenario, startsServer);
  }
}

/** The order of cases draws from a stream of its own, so that it never shifts arrivals or payloads. */
const ORDER_STREAM = 0x0bde5;
