/** What a case's figures say about whether the server kept up with the rate that it was offered. */
export interface LoadFacts {
  /** Arrivals per second that the schedule really had in the measure phase; refused and unsent ones are offered too. */
  readonly offeredPerS: number;
  readonly okPerS: number;
  /** Upper end of the 95 % interval of okPerS. */
  readonly okHighPerS: number;
  /** False when the generator was late: then the shortfall may be its own. */
  readonly dispatchLagClean: boolean;
  readonly scheduled: number;
  readonly backlogAtThird: number;
  readonly backlogAtEnd: number;
}

const CARRIED = 0.97;
/** Times the root of the arrivals: how far a queue wanders by chance (exactly at capacity, root 2 is one sigma). */
const CHANCE = 2;

/**
 * Overloaded when the server answered provably fewer than 97 % of the arrivals while the generator was punctual, or
 * when the backlog (scheduled - finished) grew all the while: at the end above three times its value after a third of
 * the run, above 2 % of all arrivals, and more than chance builds up. A finding about the server, not a failed run.
 */
export function overload(facts: LoadFacts): { overloaded: boolean; reason?: string } {
  const { offeredPerS, okPerS, okHighPerS, backlogAtThird, backlogAtEnd, scheduled } = facts;
  if (!facts.dispatchLagClean) return { overloaded: false };
  if (okPerS < CARRIED * offeredPerS && okHighPerS < offeredPerS) {
    const share = ((okPerS / offeredPerS) * 100).toFixed(0);
    return {
      overloaded: true,
      reason: `answered ${share} % of the ${offeredPerS.toFixed(0)}/s that it was offered`,
    };
  }
  if (backlogAtEnd > Math.max(3 * backlogAtThird, 0.02 * scheduled, CHANCE * Math.sqrt(scheduled))) {
    return {
      overloaded: true,
      reason: `the backlog grew from ${backlogAtThird} requests after a third of the run to ${backlogAtEnd} at its end`,
    };
  }
  return { overloaded: false };
}

export interface FlowWindow {
  readonly startS: number;
  readonly durationS: number;
  readonly arrivals: number;
  readonly finished: number;
}

/** Requests that had arrived and not finished, after one third and at the end of a measure phase of `durationS`. */
export function backlogs(
  windows: readonly FlowWindow[],
  durationS: number,
): { atThird: number; atEnd: number } {
  const backlogAt = (endS: number): number => {
    const past = windows.filter(({ startS, durationS: length }) => startS + length <= endS + 1e-9);
    return past.reduce((sum, window) => sum + window.arrivals - window.finished, 0);
  };
  return { atThird: Math.max(0, backlogAt(durationS / 3)), atEnd: Math.max(0, backlogAt(durationS)) };
}
