import { type DoctorSummary, doctorSummaryOf } from '../record/doctor-record.ts';
import { newestDoctorRecord } from '../record/doctor-store.ts';
import { notice } from '../record/notices.ts';
import type { NoticeRecord, RunRecord } from '../record/run-record.ts';
import { createStore, type Store } from '../record/store.ts';
import { AS_FOUND_AXIS } from '../scenario/as-found.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { liveHistograms } from '../statistics/histogram.ts';
import { answerOf, noticesOf, pricesFor } from './cases/decisions.ts';
import { environmentFacts } from './machine/environment.ts';
import { missingPrograms } from './machine/missing-programs.ts';
import { placementFor } from './machine/place-on-cores.ts';
import { crowded } from './plan/generator-count.ts';
import { ANY_SATURATION, closedCases, openCases } from './plan/plan.ts';
import { searchedSettings } from './plan/search-plan.ts';
import { refuse } from './requests/check-workloads.ts';
import { readAsFound } from './session/as-found-label.ts';
import { RunBook } from './session/run-book.ts';
import type { RunOptions } from './session/run-options.ts';
import { RunSession } from './session/run-session.ts';

export interface RunOutcome {
  readonly record: RunRecord;
  readonly folder: string;
  /** What ended the run before its time; the cases measured before it are in the record. */
  readonly failure: Error | undefined;
}

/**
 * Scenario in, record out, rewritten on disk after every case.
 *
 *   closed pass over all settings -> best saturation -> the ladder's absolute rates -> open cases -> answer
 *
 * Throws UsageError before any load; what goes wrong later is the outcome's `failure`, beside all that was measured.
 */
export async function runScenario(asked: Scenario, options: RunOptions): Promise<RunOutcome> {
  const startedAt = new Date();
  const prices = pricesFor(asked);
  refuse(missingPrograms(asked));
  const scenario = await readAsFound(asked);
  const store = createStore({ outFolder: options.outFolder, scenarioName: scenario.name, startedAt });
  const environment = { ...(await environmentFacts()), ...doctorFacts(options.outFolder) };
  const plannedCases =
    closedCases(scenario).length +
    openCases(scenario, ANY_SATURATION).cases.length +
    searchedSettings(scenario).length;
  const book = new RunBook(scenario, { id: store.id, startedAt, environment, plannedCases });
  const note = (notice: NoticeRecord): void => {
    if (book.note(notice)) options.observer.onNotice(notice);
  };
  noticesBeforehand(scenario).forEach(note);
  store.write(book.record());
  const session = new RunSession({ scenario, options, store, book, prices, note });
  const failure = await session.run();
  const complete = failure === undefined && !options.drain.aborted;
  if (options.drain.aborted)
    book.note(notice('interrupted', { measured: book.cases.length, planned: book.planned }));
  if (liveHistograms() > 0) note(notice('histogram-leak', { histograms: liveHistograms() }));
  book.finish(answerOf(book.record()), noticesOf(book.record(), prices), complete);
  const record = book.record();
  const unwritten = writeLast(store, record);
  return { record, folder: store.folder, failure: failure ?? unwritten };
}

/** What the doctor found this machine able to measure, where it was asked in the same folder of results. */
function doctorFacts(outFolder: string): { doctor?: DoctorSummary } {
  const newest = newestDoctorRecord(outFolder);
  const doctor = newest === undefined ? undefined : doctorSummaryOf(newest);
  return doctor === undefined ? {} : { doctor };
}

/** A disk that filled up on the way refuses this too; then what was measured is still shown, and the reason said. */
function writeLast(store: Store, record: RunRecord): Error | undefined {
  try {
    store.write(record);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What is known about the run before its first request. */
function noticesBeforehand(scenario: Scenario): NoticeRecord[] {
  const { leftOut = [], settings, axes } = scenario;
  const [found] = axes[AS_FOUND_AXIS] ?? [];
  const shared = settings.some(({ target }) => placementFor(target).shared);
  const tooMany = crowded(scenario);
  return [
    ...(found === undefined ? [] : [notice('as-found', { found })]),
    ...(scenario.quick === true ? [notice('quick', {})] : []),
    ...(leftOut.length === 0 ? [] : [notice('left-out', { what: leftOut.join(' ') })]),
    ...(shared ? [notice('shared-host', { sameCores: true })] : []),
    ...(tooMany === undefined ? [] : [notice('crowded', tooMany)]),
  ];
}
