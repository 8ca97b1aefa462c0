import type { Missing } from '../record/figures.ts';
import type { Series } from '../record/watched.ts';

/** Something else that is watched beside the load. A failed read is a gap with a reason, never a crash. */
export interface Probe {
  readonly name: string;
  /** Metric -> unit, known before the first read; or why this probe can read nothing here. */
  readonly metrics: Readonly<Record<string, string>> | Missing;
  /** Metric -> value, or null for a gap. Cheap enough for once a second (kept file descriptors, no spawn). */
  read(): Readonly<Record<string, number | null>>;
  /** Metric -> why the last read had a gap there. */
  readonly gaps?: Readonly<Record<string, string>>;
  close(): void;
}

/** Probe -> metric -> series over one case. */
export type Readings = Readonly<Record<string, Readonly<Record<string, Series>>>>;
