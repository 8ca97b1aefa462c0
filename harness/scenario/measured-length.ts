import type { LoadSpec } from './load-spec.ts';
import { lengthMsOf } from './rate-law.ts';
import type { MeasureSpec } from './scenario.ts';

/** The length of the measure phase: that of the law or the recording, where it has one. */
export function measuredMsOf({ open }: LoadSpec, { durationMs }: Pick<MeasureSpec, 'durationMs'>): number {
  // Whole milliseconds, and the last arrival lies within them.
  if (open?.kind === 'replay') return Math.floor(open.recording.lastAtMs * open.timeScale) + 1;
  return (open?.kind === 'law' ? lengthMsOf(open.law) : undefined) ?? durationMs;
}
