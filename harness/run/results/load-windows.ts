import type { WindowCounts } from '../../measure/windows.ts';
import type { LoadWindow } from '../load-engine.ts';

/** Windows as a result carries them: in seconds. */
export function loadWindows(windows: readonly WindowCounts[]): LoadWindow[] {
  return windows.map(({ startMs, endMs, ...counts }) => ({
    startS: startMs / 1000,
    durationS: (endMs - startMs) / 1000,
    ...counts,
  }));
}
