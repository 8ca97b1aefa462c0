/* What several interleaved rounds say. Pure. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Undefined when there is nothing. The median of an even number of values is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const half = sorted.length / 2;
  const median = ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
  return { median, min, max, rounds: sorted.length };
}

/** One round: the cost of a request of ours and of the peer's, both in microseconds of CPU. */
export interface Round {
  readonly oursUs: number | undefined;
  readonly peerUs: number | undefined;
}

/**
 * How many times cheaper ours is: the peer's cost over ours, taken within each round, because rounds differ by what else
 * the machine did. Rounds that lack either side do not count.
 */
export function ratioOf(rounds: readonly Round[]): Spread | undefined {
  return spreadOf(
    rounds.flatMap(({ oursUs, peerUs }) =>
      oursUs === undefined || peerUs === undefined || oursUs <= 0 ? [] : [peerUs / oursUs],
    ),
  );
}

export type Reach = { readonly atLeast: number } | { readonly atMost: number };

/** By the median; undefined when there is none. */
export function isReached(reach: Reach, found: Spread | undefined): boolean | undefined {
  if (found === undefined) return undefined;
  return 'atLeast' in reach ? found.median >= reach.atLeast : found.median <= reach.atMost;
}
