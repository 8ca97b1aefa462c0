import type { EngineName } from '../../scenario/load-spec.ts';
import type { LoadEngine } from '../load-engine.ts';
import type { RunObserver } from './observer.ts';

/** What a run needs besides its scenario. */
export interface RunOptions {
  readonly outFolder: string;
  readonly observer: RunObserver;
  /** First interrupt: finish what is in flight, keep what was measured. */
  readonly drain: AbortSignal;
  /** Second interrupt: stop at once. */
  readonly cancel: AbortSignal;
  readonly engines: Readonly<Record<EngineName, LoadEngine>>;
}
