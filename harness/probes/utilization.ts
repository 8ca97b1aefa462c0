import type { CaseRecord } from '../record/case-record.ts';
import type { Figure, Missing } from '../record/figures.ts';
import type { GpuDevice, Series } from '../record/watched.ts';
import type { GpuFacts } from './gpu-nvml.ts';
import { throttleReasons } from './nvml-library.ts';
import type { ProbeResult } from './probe-loop.ts';

/** A stretch of a case, in seconds from the start of the measure phase. */
export interface Stretch {
  readonly fromS: number;
  readonly toS: number;
}

/**
 * Means over the stretch (memory of processes: the highest). A rate that a probe reads covers the time since its
 * reading before, so the mean of CPU cores weighted by time is the difference of the CPU counters at the edges.
 */
export function utilizationOver(
  result: ProbeResult,
  gpus: readonly GpuFacts[],
  stretch: Stretch,
): CaseRecord['utilization'] {
  const series = (probe: string, metric: string): Series | Missing =>
    result.readings[probe]?.[metric] ?? {
      missing: result.absent[probe] ?? `nothing watched it (no ${probe} probe)`,
    };
  const mean = (probe: string, metric: string) => meanOver(series(probe, metric), stretch);
  return {
    serverCpuCores: mean('server', 'cpuCores'),
    serverRssMiB: highestOver(series('server', 'rssMiB'), stretch),
    generatorCpuCores: mean('generator', 'cpuCores'),
    gpu:
      gpus.length === 0
        ? { missing: result.absent.gpu ?? 'nothing watched it (no gpu probe)' }
        : gpus.map(
            ({ index, name, memoryTotalMiB }): GpuDevice => ({
              index,
              name,
              utilizationPct: mean('gpu', `${index}.utilizationPct`),
              memoryUsedMiB: mean('gpu', `${index}.memoryUsedMiB`),
              memoryTotalMiB,
              powerW: mean('gpu', `${index}.powerW`),
              smClockMHz: mean('gpu', `${index}.smClockMHz`),
              throttleReasons: reasonsOver(series('gpu', `${index}.throttleMask`), stretch),
            }),
          ),
  };
}

/** Mean of one series weighted by time; missing where less than half of the stretch was read. */
export function meanOver(series: Series | Missing, stretch: Stretch): Figure {
  if ('missing' in series) return series;
  const parts = partsOver(series, stretch);
  const readS = sum(parts.map(({ s }) => s));
  if (readS < (stretch.toS - stretch.fromS) / 2) return notRead(series);
  // A constant stays itself: the sum of its parts would end in 41.99999999999999.
  return Number((sum(parts.map(({ s, value }) => s * value)) / readS).toPrecision(6));
}

export function highestOver(series: Series | Missing, stretch: Stretch): Figure {
  if ('missing' in series) return series;
  const values = partsOver(series, stretch).map(({ value }) => value);
  return values.length === 0 ? notRead(series) : Math.max(...values);
}

function reasonsOver(series: Series | Missing, stretch: Stretch): string[] {
  if ('missing' in series) return [];
  return throttleReasons(partsOver(series, stretch).reduce((mask, { value }) => mask | value, 0));
}

/** The readings that fall into the stretch, each with the seconds of it that they cover; gaps are left out. */
function partsOver({ atS, values }: Series, { fromS, toS }: Stretch): { s: number; value: number }[] {
  return values.flatMap((value, index) => {
    const endS = Math.min(atS[index] ?? 0, toS);
    const startS = Math.max(atS[index - 1] ?? endS, fromS);
    return value === null || endS <= startS ? [] : [{ s: endS - startS, value }];
  });
}

function notRead({ gaps }: Series): Missing {
  return { missing: gaps?.[0] ?? 'it was not read during the measure phase' };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
