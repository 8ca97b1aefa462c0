import type { EventSpec } from '../../scenario/event-spec.ts';
import type { PlannedCase } from './plan.ts';

/**
 * The events that happen in a case, in their order. The closed pass before a ladder finds the rates for what the scenario
 * is about, so nothing happens in it unless an event names it: `in: { load: saturation }`.
 */
export function eventsIn(
  { axes, load, setting, probe }: Pick<PlannedCase, 'axes' | 'load' | 'setting' | 'probe'>,
  events: readonly EventSpec[] = [],
): EventSpec[] {
  if (probe === true) return [];
  const { open } = setting.load;
  const isPassBefore = load.shape === 'closed' && open !== undefined && open.kind !== 'offline';
  return events.filter(
    (event) =>
      (!isPassBefore || event.in.load !== undefined) &&
      Object.entries(event.in).every(([axis, label]) => axes[axis] === label),
  );
}
