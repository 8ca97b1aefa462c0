/** Later than this, a wake makes an arrival late by any verdict. */
const LATE_WAKE_MS = 2;

/** How a loop slept so far. */
export interface SleepFacts {
  readonly sleptMs: number;
  /** Sleeps that ended more than 2 ms after their time. */
  readonly lateWakes: number;
  /** By how much, in all. */
  readonly lateWakesMs: number;
}

/**
 * A loop sleeps until a time or until something happens before it. When it comes back after that time it had nothing else
 * to do: the system made it late, or the host under it, and nothing in this process did.
 */
export class SleepTally implements SleepFacts {
  sleptMs = 0;
  lateWakes = 0;
  lateWakesMs = 0;

  slept(tookMs: number, atMostMs: number): void {
    this.sleptMs += tookMs;
    const lateMs = tookMs - atMostMs;
    if (lateMs <= LATE_WAKE_MS) return;
    this.lateWakes += 1;
    this.lateWakesMs += lateMs;
  }
}
