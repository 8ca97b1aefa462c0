import type { Problem } from '../errors.ts';
import type { Axis } from './axes.ts';

/** The axis that stands for the settings of a server that cannot be changed from here. */
export const AS_FOUND_AXIS = 'as found';
/** Its label until the settings have been read back from the running server. */
export const AS_FOUND_PENDING = '…';

export interface Collapse {
  readonly kept: readonly Axis[];
  /** Axes over settings of the server itself, which only the bundled server can apply. */
  readonly collapsed: readonly Axis[];
}

/** Which axes an external target can apply: those of the load, the workload and of where requests are sent. */
export function collapseAxes(axes: readonly Axis[]): Collapse {
  const kept = axes.filter((axis) => !isServerSetting(axis));
  return { kept, collapsed: axes.filter(isServerSetting) };
}

function isServerSetting(axis: Axis): boolean {
  return axis.points.some((point) =>
    point.sets.some(({ path }) => path[0] === 'target' && path[1] === 'reference'),
  );
}

/** Why such an axis is refused, before any load. */
export function refusal(axis: Axis, url: string): Omit<Problem, 'file' | 'line'> {
  const paths = new Set(axis.points.flatMap((point) => point.sets.map(({ path }) => path.join('.'))));
  return {
    field: `vary.${axis.name}`,
    message: `${[...paths].join(', ')} cannot be changed on ${url}: it is not started from here, so every row of the result would be the same server`,
    advice: '--as-found measures the one setting that it runs, labelled with what is read back from it',
  };
}
