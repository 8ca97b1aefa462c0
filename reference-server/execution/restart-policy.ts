/**
 * When is an instance that died started again? Pure: its crashes in, a delay out.
 *
 *   crashes within a minute   1     2       3       4     5 and more
 *   started again after       0     0.2 s   1 s     5 s   30 s: the circuit is open
 *
 * A start that fails is a crash too. While the circuit is open nothing is expected of the instance; the try after it
 * closes the circuit when it works, and the next crash opens it again until the minute has less than five.
 */
export interface Restart {
  readonly delayMs: number;
  readonly circuitOpen: boolean;
}

export const CRASH_WINDOW_MS = 60_000;
const BACKOFF_MS = [0, 200, 1000, 5000];
const COOL_DOWN_MS = 30_000;

/** `crashesAtMs`: all within the window, the latest included. */
export function restartAfter(crashesAtMs: readonly number[]): Restart {
  const delayMs = BACKOFF_MS[crashesAtMs.length - 1];
  if (delayMs !== undefined) return { delayMs, circuitOpen: false };
  return { delayMs: COOL_DOWN_MS, circuitOpen: true };
}

/** The crashes that still count at the last one of them. */
export function recentCrashes(crashesAtMs: readonly number[]): number[] {
  const latestMs = crashesAtMs.at(-1) ?? 0;
  return crashesAtMs.filter((atMs) => latestMs - atMs < CRASH_WINDOW_MS);
}
