export interface ClosedLoop {
  readonly concurrency: number;
  /** Completions per second, whatever their outcome. */
  readonly completionsPerS: number;
  /** Mean time of all outcomes. */
  readonly meanMs: number;
  readonly thinkTimeMs: number;
}

/** Little's law: concurrency = completions per second x time in the loop. A ratio off by more than 5 % is a notice. */
export function littlesLaw(loop: ClosedLoop): { concurrency: number; implied: number; ratio: number } {
  const implied = (loop.completionsPerS * (loop.meanMs + loop.thinkTimeMs)) / 1000;
  return { concurrency: loop.concurrency, implied, ratio: implied / loop.concurrency };
}
