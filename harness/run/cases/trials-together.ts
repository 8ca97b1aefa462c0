import type { CaseRecord } from '../../record/case-record.ts';
import { type Figure, isMissing } from '../../record/figures.ts';

type Utilization = CaseRecord['utilization'];

/** What one trial used, and for how long it was measured. */
export interface TrialUse {
  readonly utilization: Utilization;
  readonly durationS: number;
}

/** Several trials as one: means weighted by their lengths; of memory the highest. What one trial lacks is missing. */
export function utilizationTogether([first, ...others]: readonly [TrialUse, ...TrialUse[]]): Utilization {
  if (others.length === 0) return first.utilization;
  const trials = [first, ...others];
  const over = (pick: (use: Utilization) => Figure) => meanOf(trials, pick);
  const { gpu } = first.utilization;
  return {
    serverCpuCores: over((use) => use.serverCpuCores),
    serverRssMiB: highestOf(trials.map(({ utilization }) => utilization.serverRssMiB)),
    generatorCpuCores: over((use) => use.generatorCpuCores),
    gpu: isMissing(gpu)
      ? gpu
      : gpu.map((device, index) => ({
          ...device,
          utilizationPct: over((use) => deviceOf(use, index)?.utilizationPct ?? NO_DEVICE),
          memoryUsedMiB: over((use) => deviceOf(use, index)?.memoryUsedMiB ?? NO_DEVICE),
          powerW: over((use) => deviceOf(use, index)?.powerW ?? NO_DEVICE),
          smClockMHz: over((use) => deviceOf(use, index)?.smClockMHz ?? NO_DEVICE),
          throttleReasons: [
            ...new Set(
              trials.flatMap(({ utilization }) => deviceOf(utilization, index)?.throttleReasons ?? []),
            ),
          ],
        })),
  };
}

const NO_DEVICE = { missing: 'the device was not there in every trial' };

function deviceOf({ gpu }: Utilization, index: number) {
  return isMissing(gpu) ? undefined : gpu[index];
}

function meanOf(trials: readonly TrialUse[], pick: (use: Utilization) => Figure): Figure {
  let weighted = 0;
  let seconds = 0;
  for (const { utilization, durationS } of trials) {
    const figure = pick(utilization);
    if (isMissing(figure)) return figure;
    weighted += figure * durationS;
    seconds += durationS;
  }
  return seconds === 0 ? { missing: 'nothing was measured' } : Number((weighted / seconds).toPrecision(6));
}

function highestOf(figures: readonly Figure[]): Figure {
  let highest = 0;
  for (const figure of figures) {
    if (isMissing(figure)) return figure;
    highest = Math.max(highest, figure);
  }
  return highest;
}
