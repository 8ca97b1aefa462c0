import type { Phase } from '../../measure/phases.ts';

/** How a load stands at one look at the clock. */
export interface Standing {
  readonly nowMs: number;
  readonly phase: Phase;
  readonly inFlight: number;
  /** No arrival falls due any more. */
  readonly exhausted: boolean;
}

/** A query that was offered at once is measured until its last answer, and no longer. */
export function isAnsweredWhole({ phase, inFlight, exhausted }: Standing): boolean {
  return phase === 'measure' && inFlight === 0 && exhausted;
}

/** Nothing is waited for any more: all is answered, or the drain has lasted as long as it may. */
export function isDrained(
  { nowMs, inFlight, exhausted }: Standing,
  drain: { readonly fromMs: number; readonly atMostMs: number },
): boolean {
  if (!exhausted || nowMs < drain.fromMs) return false;
  return inFlight === 0 || nowMs >= drain.fromMs + drain.atMostMs;
}
