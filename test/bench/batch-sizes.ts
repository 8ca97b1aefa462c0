/* Which batches a server has run, and runs like them. Pure. */

/** How many batches there were of each number of rows. */
export type BatchCounts = ReadonlyMap<number, number>;

/** What came between two looks. */
export function batchesSince(before: BatchCounts, after: BatchCounts): BatchCounts {
  const since = [...after].map(([rows, count]) => [rows, count - (before.get(rows) ?? 0)] as const);
  return new Map(since.filter(([, count]) => count > 0));
}

export function meanRows(counts: BatchCounts): number {
  let rows = 0;
  let batches = 0;
  for (const [size, count] of counts) {
    rows += size * count;
    batches += count;
  }
  return rows / Math.max(1, batches);
}

/**
 * At most so many sizes, each about as often as among the batches, small and large ones in turn: a mean says too little
 * where a batch of 9 and one of 23 take longer than two of 16.
 */
export function runsLike(counts: BatchCounts, most = 32): readonly number[] {
  const sizes = [...counts]
    .sort(([a], [b]) => a - b)
    .flatMap(([rows, count]) => Array.from({ length: count }, () => rows));
  const wanted = Math.min(most, sizes.length);
  const sample = Array.from(
    { length: wanted },
    (_, at) => sizes[Math.floor(((at + 0.5) * sizes.length) / wanted)] ?? 1,
  );
  return sample.map((_, at) => sample[at % 2 === 0 ? at / 2 : wanted - (at + 1) / 2] ?? 1);
}
