import type { CaseRecord } from '../../record/case-record.ts';
import type { NoticeRecord, RunRecord } from '../../record/run-record.ts';
import type { ProbeRun, SearchRecord } from '../../record/search-record.ts';
import type { LoadProgress } from '../load-engine.ts';
import type { PlannedCase } from '../plan/plan.ts';

/** Who watches a run: the terminal, or nobody. Called in order; must not throw. */
export interface RunObserver {
  /** The record as first written, with how many trials will be driven. */
  onStart(record: RunRecord, folder: string, plan: { trials: number; expectedS: number }): void;
  onTrialStart(planned: PlannedCase, position: TrialPosition): void;
  onProgress(planned: PlannedCase, progress: LoadProgress, position: TrialPosition): void;
  onCase(measured: CaseRecord, position: TrialPosition): void;
  /** A probe or verdict of a search is over. */
  onSearchRun(search: SearchRecord, run: ProbeRun): void;
  onNotice(notice: NoticeRecord): void;
}

/** Which trial of how many, and how long the rest will take. */
export interface TrialPosition {
  readonly index: number;
  readonly of: number;
  readonly remainingS: number;
}

export const SILENT: RunObserver = {
  onStart() {},
  onTrialStart() {},
  onProgress() {},
  onCase() {},
  onSearchRun() {},
  onNotice() {},
};
