import type { PriceBook } from '../../cost/price-book.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import type { NoticeRecord } from '../../record/run-record.ts';
import type { Store } from '../../record/store.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { CaseAssembly } from '../cases/case-assembly.ts';
import { headlineOf, withDecisions } from '../cases/decisions.ts';
import { type DrivenTrial, generatorNotices, rawLogNotices } from '../cases/host-notices.ts';
import { placementFor } from '../machine/place-on-cores.ts';
import type { PlannedCase } from '../plan/plan.ts';
import type { RunBook } from './run-book.ts';
import type { MeasuredTrial } from './trial-driver.ts';

export interface MeasuredCasesParts {
  readonly scenario: Scenario;
  readonly store: Store;
  readonly book: RunBook;
  readonly prices: PriceBook;
  note(notice: NoticeRecord): void;
}

/** The cases of a record, each made anew after every trial of its own and written to disk. */
export class MeasuredCases {
  readonly #parts: MeasuredCasesParts;
  readonly #assemblies = new Map<string, CaseAssembly>();
  readonly #trials: DrivenTrial[] = [];

  constructor(parts: MeasuredCasesParts) {
    this.#parts = parts;
  }

  /** The case as it stands with one more trial. */
  add(planned: PlannedCase, trial: MeasuredTrial): CaseRecord {
    const { scenario, store, book, prices, note } = this.#parts;
    this.#trials.push({ caseId: planned.id, result: trial.facts.result });
    if (scenario.measure.rawLog) rawLogNotices(this.#trials).forEach(note);
    generatorNotices(this.#trials).forEach(note);
    const assembly = this.#assemblies.get(planned.id) ?? this.#newAssembly(planned);
    this.#assemblies.set(planned.id, assembly);
    assembly.add(trial.facts, trial.target, trial.seed);
    const measured = withDecisions(assembly.record(), book.record(), prices);
    book.put(measured);
    store.write(book.record());
    return measured;
  }

  /** A case of one trial that stays out of the record, as a probe does. */
  apart(planned: PlannedCase, { facts, target, seed }: MeasuredTrial): CaseRecord {
    const assembly = this.#newAssembly(planned);
    assembly.add(facts, target, seed);
    return { ...assembly.record(), cost: [], gates: [] };
  }

  /** The next trial of this case is its first again. */
  startAnew({ id }: PlannedCase): void {
    this.#assemblies.delete(id);
  }

  #newAssembly(planned: PlannedCase): CaseAssembly {
    const { shared } = placementFor(planned.setting.target);
    return new CaseAssembly(planned, headlineOf(this.#parts.scenario), shared);
  }
}
