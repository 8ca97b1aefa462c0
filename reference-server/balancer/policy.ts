/** How a balancer chooses among the replicas that take requests. */
export const POLICIES = ['roundRobin', 'leastInFlight', 'twoChoices'] as const;
export type Policy = (typeof POLICIES)[number];

/** What a choice looks at. */
export interface Candidate {
  /** Whether it takes requests now. */
  readonly up: boolean;
  readonly inFlight: number;
}

/**
 * The index of the replica that gets the next request; undefined where none takes any.
 *
 *     roundRobin     the next one after `last`
 *     leastInFlight  the one with the fewest requests in flight; among equals the next one after `last`
 *     twoChoices     the less busy of two different ones drawn at random; among equals the first drawn
 *
 * `last`: the index chosen before, -1 at first. `random`: uniform in [0, 1).
 */
export function chooseReplica(
  policy: Policy,
  replicas: readonly Candidate[],
  last: number,
  random: () => number,
): number | undefined {
  return policy === 'twoChoices'
    ? lessBusyOfTwo(replicas, random)
    : firstAfter(replicas, last, policy === 'leastInFlight');
}

/** Once around from `last` on: the first that takes requests, or the first among the least busy. */
function firstAfter(replicas: readonly Candidate[], last: number, leastBusy: boolean): number | undefined {
  let chosen: number | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (let step = 1; step <= replicas.length; step++) {
    const index = (last + step) % replicas.length;
    const replica = replicas[index];
    if (replica === undefined || !replica.up || replica.inFlight >= fewest) continue;
    if (!leastBusy) return index;
    chosen = index;
    fewest = replica.inFlight;
  }
  return chosen;
}

function lessBusyOfTwo(replicas: readonly Candidate[], random: () => number): number | undefined {
  const taking = replicas.reduce((count, { up }) => count + (up ? 1 : 0), 0);
  if (taking < 2) return nthTaking(replicas, 0);
  const first = Math.floor(random() * taking);
  const other = Math.floor(random() * (taking - 1));
  const one = nthTaking(replicas, first);
  const two = nthTaking(replicas, other < first ? other : other + 1);
  if (one === undefined || two === undefined) return one;
  return inFlightOf(replicas, two) < inFlightOf(replicas, one) ? two : one;
}

function inFlightOf(replicas: readonly Candidate[], index: number): number {
  return replicas[index]?.inFlight ?? 0;
}

/** The index of the nth replica, from 0, of those that take requests. */
function nthTaking(replicas: readonly Candidate[], nth: number): number | undefined {
  let left = nth;
  for (const [index, { up }] of replicas.entries()) {
    if (up && left-- === 0) return index;
  }
  return undefined;
}
