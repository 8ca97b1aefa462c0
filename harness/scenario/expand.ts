import type { Axis, AxisAssignment } from './axes.ts';
import type { Axes } from './scenario.ts';

/** One combination of the axes: its labels and what they set. */
export interface Combination {
  readonly axes: Axes;
  readonly sets: readonly AxisAssignment[];
}

/** Every combination in the file's order, the last axis running fastest. Without axes: the one empty combination. */
export function combinations(axes: readonly Axis[]): Combination[] {
  return axes.reduce<Combination[]>(
    (before, axis) =>
      before.flatMap((combination) =>
        axis.points.map((point) => ({
          axes: { ...combination.axes, [axis.name]: point.label },
          sets: [...combination.sets, ...point.sets],
        })),
      ),
    [{ axes: {}, sets: [] }],
  );
}

/** Does a rule such as `{ batch: 1, delay: 2ms }` speak about this setting? An empty rule speaks about none. */
export function matches(rule: Axes, axes: Axes): boolean {
  const pairs = Object.entries(rule);
  return pairs.length > 0 && pairs.every(([axis, label]) => axes[axis] === label);
}

/** A copy of the file's content in which the combination's values stand. */
export function withValues(
  content: Readonly<Record<string, unknown>>,
  sets: readonly AxisAssignment[],
): Record<string, unknown> {
  const copy = structuredClone(content);
  for (const { path, value } of sets) {
    let parent: Record<string, unknown> = copy;
    for (const key of path.slice(0, -1)) {
      const next = parent[key];
      parent[key] = typeof next === 'object' && next !== null ? next : {};
      parent = parent[key] as Record<string, unknown>;
    }
    parent[path.at(-1) ?? ''] = structuredClone(value);
  }
  return copy;
}
