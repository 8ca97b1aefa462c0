import { type Figure, isMissing } from '../record/figures.ts';
import { type NvmlDevice, openNvml } from './nvml-library.ts';
import type { Probe } from './probe.ts';

export interface GpuProbe extends Probe {
  readonly driverVersion: string | undefined;
  readonly devices: readonly GpuFacts[];
}

/** What of a GPU does not change during a run. */
export interface GpuFacts {
  readonly index: number;
  readonly name: string;
  readonly memoryTotalMiB: Figure;
}

/** What is read of each device, with its unit; the metric's name is `<index>.<name>`. */
export const GPU_METRICS = {
  utilizationPct: '%',
  memoryUsedMiB: 'MiB',
  powerW: 'W',
  smClockMHz: 'MHz',
  throttleMask: 'mask',
} as const;
type GpuMetric = keyof typeof GPU_METRICS;

/** Every GPU that NVML lists; where there is none, `metrics` is the reason. `file`: see `openNvml`. */
export function gpuProbe(file?: string): GpuProbe {
  const nvml = openNvml(file);
  if (isMissing(nvml)) {
    return {
      name: 'gpu',
      metrics: nvml,
      driverVersion: undefined,
      devices: [],
      read: () => ({}),
      close() {},
    };
  }
  const names = Object.keys(GPU_METRICS) as GpuMetric[];
  const sources = nvml.devices.flatMap((device) =>
    names.map((name) => ({ metric: `${device.index}.${name}`, unit: GPU_METRICS[name], read: device[name] })),
  );
  let gaps: Record<string, string> = {};
  return {
    name: 'gpu',
    metrics: Object.fromEntries(sources.map(({ metric, unit }) => [metric, unit])),
    driverVersion: nvml.driverVersion,
    devices: nvml.devices.map(factsOf),
    read() {
      gaps = {};
      return Object.fromEntries(
        sources.map(({ metric, read }) => {
          const value = read();
          if (!isMissing(value)) return [metric, value];
          gaps[metric] = value.missing;
          return [metric, null];
        }),
      );
    },
    get gaps() {
      return gaps;
    },
    close: () => nvml.close(),
  };
}

function factsOf({ index, name, memoryTotalMiB }: NvmlDevice): GpuFacts {
  return { index, name, memoryTotalMiB: memoryTotalMiB() };
}
