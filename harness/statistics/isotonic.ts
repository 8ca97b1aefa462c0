/** Events among trials at one level of a factor; levels in rising order. */
export interface Share {
  readonly events: number;
  readonly of: number;
}

/**
 * The maximum-likelihood shares that never fall from one level to the next (binomial isotonic regression), by pooling
 * adjacent violators: neighbours that fall are joined until none does. Ayer et al. 1955.
 *
 *     observed   0.00  0.04  0.02  0.30        joined   0.00  [ 0.03  0.03 ]  0.30
 */
export function risingShares(levels: readonly Share[]): number[] {
  const blocks: { events: number; of: number; levels: number }[] = [];
  for (const { events, of } of levels) {
    let last = { events, of, levels: 1 };
    for (let before = blocks.at(-1); before !== undefined && falls(before, last); before = blocks.at(-1)) {
      blocks.pop();
      last = {
        events: before.events + last.events,
        of: before.of + last.of,
        levels: before.levels + last.levels,
      };
    }
    blocks.push(last);
  }
  return blocks.flatMap((block) => Array<number>(block.levels).fill(shareOf(block)));
}

function falls(before: Share, after: Share): boolean {
  return shareOf(before) > shareOf(after);
}

function shareOf({ events, of }: Share): number {
  return of > 0 ? events / of : 0;
}
