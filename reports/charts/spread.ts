/**
 * Moves positions apart until neighbours are at least `gap` from each other, staying near where they were and within
 * [low, high]. Answers in the order given.
 *
 *     wanted   10 12 13      40
 *     gap 8     4 12 20      40
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const groups: { sum: number; members: number[] }[] = [];
  for (const index of order) {
    groups.push({ sum: wanted[index] ?? 0, members: [index] });
    while (overlapWithPrevious(groups, gap, low, high)) merge(groups);
  }
  const placed: number[] = [];
  for (const group of groups) {
    const first = firstOf(group, gap, low, high);
    for (const [step, index] of group.members.entries()) placed[index] = first + step * gap;
  }
  return placed;
}

interface Group {
  sum: number;
  members: number[];
}

/** A group sits with its centre at the mean of its wishes. */
function firstOf({ sum, members }: Group, gap: number, low: number, high: number): number {
  const length = (members.length - 1) * gap;
  return Math.max(low, Math.min(high - length, sum / members.length - length / 2));
}

function overlapWithPrevious(groups: readonly Group[], gap: number, low: number, high: number): boolean {
  const last = groups.at(-1);
  const previous = groups.at(-2);
  if (last === undefined || previous === undefined) return false;
  const previousEnd = firstOf(previous, gap, low, high) + (previous.members.length - 1) * gap;
  return firstOf(last, gap, low, high) < previousEnd + gap;
}

function merge(groups: Group[]): void {
  const last = groups.pop();
  const previous = groups.at(-1);
  if (last === undefined || previous === undefined) return;
  previous.sum += last.sum;
  previous.members.push(...last.members);
}
