import { AS_FOUND_AXIS, AS_FOUND_PENDING } from '../../scenario/as-found.ts';
import type { Axes, Scenario } from '../../scenario/scenario.ts';
import { externalTarget } from '../../targets/external.ts';
import type { RunningTarget } from '../../targets/target.ts';

function isAsFound(scenario: Scenario): boolean {
  return scenario.settings.some(({ axes }) => axes[AS_FOUND_AXIS] === AS_FOUND_PENDING);
}

/** Asks the server what it runs, and labels the `as found` axis with the answer. Other scenarios stay as they are. */
export async function readAsFound(scenario: Scenario): Promise<Scenario> {
  const target = scenario.settings[0]?.target;
  if (target?.kind !== 'external' || !isAsFound(scenario)) return scenario;
  const running = await externalTarget(target).start();
  await running.stop();
  return labelledAsFound(scenario, running);
}

export function labelledAsFound(scenario: Scenario, target: Pick<RunningTarget, 'effective'>): Scenario {
  const label = labelOf(target.effective);
  const relabel = (axes: Axes): Axes => ({ ...axes, [AS_FOUND_AXIS]: label });
  return {
    ...scenario,
    axes: { ...scenario.axes, [AS_FOUND_AXIS]: [label] },
    settings: scenario.settings.map((setting) => ({ ...setting, axes: relabel(setting.axes) })),
  };
}

/** `batch 32, delay 0 ms`, as far as the server tells. */
function labelOf(effective: RunningTarget['effective']): string {
  const { 'batching.maxRows': maxRows, 'batching.maxDelayMs': maxDelayMs } = effective;
  const parts = [
    ...(maxRows === undefined ? [] : [`batch ${maxRows}`]),
    ...(maxDelayMs === undefined ? [] : [`delay ${maxDelayMs} ms`]),
  ];
  return parts.length === 0 ? 'settings not told by the server' : parts.join(', ');
}
