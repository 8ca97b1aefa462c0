import type { ProbeRun } from '../record/search-record.ts';

/** Before a rate that could not be believed ends the search, it is tried again: it may have been bad luck. */
const MOST_TRIES = 6;

/**
 * Whether the last probe, which could not be believed, is to be repeated at once: one time, or three where a run at its
 * rate or above was believed, since then its rate is not why.
 */
export function isToBeRepeated(probes: readonly ProbeRun[], last: ProbeRun): boolean {
  if (last.outcome !== 'unclear') return false;
  const { requestsPerS, seed } = last;
  const other = probes.findLastIndex(
    (one) => one.outcome !== 'unclear' || one.requestsPerS !== requestsPerS || one.seed !== seed,
  );
  const inARow = probes.length - 1 - other;
  const isInReach = probes.some((one) => one.outcome !== 'unclear' && one.requestsPerS >= requestsPerS);
  return inARow <= (isInReach ? 3 : 1);
}

export function isWorthAnotherTry(probes: readonly ProbeRun[], { requestsPerS }: ProbeRun): boolean {
  return probes.filter((one) => one.requestsPerS === requestsPerS).length < MOST_TRIES;
}

/** Rates at which no run could be believed, repeated or not; the lowest first. */
export function unbelievable(probes: readonly ProbeRun[]): ProbeRun[] {
  const believed = new Set(
    probes.filter(({ outcome }) => outcome !== 'unclear').map(({ requestsPerS }) => requestsPerS),
  );
  return probes
    .filter(({ requestsPerS }) => !believed.has(requestsPerS))
    .sort((a, b) => a.requestsPerS - b.requestsPerS);
}
