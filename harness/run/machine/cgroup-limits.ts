import { readFileSync } from 'node:fs';
import { cgroupFolders } from '../../probes/host.ts';

/** What the control group of this process allows; undefined where it sets no limit (or this is not Linux). */
export interface CgroupLimits {
  readonly cpuQuotaCores: number | undefined;
  readonly memoryBytes: number | undefined;
}

export function cgroupLimits(): CgroupLimits {
  const folders = [...cgroupFolders(), '/sys/fs/cgroup/memory'];
  const read = (name: string) => folders.map((folder) => readText(`${folder}/${name}`)).find(Boolean);
  return {
    cpuQuotaCores: quotaCores(read('cpu.max'), read('cpu.cfs_quota_us'), read('cpu.cfs_period_us')),
    memoryBytes: limitBytes(read('memory.max') ?? read('memory.limit_in_bytes')),
  };
}

/** Version 2: `<quota µs | max> <period µs>` in one file. Version 1: two files, and -1 for none. */
export function quotaCores(max?: string, quotaUs?: string, periodUs?: string): number | undefined {
  const [quota, period] = max === undefined ? [quotaUs, periodUs] : max.split(' ');
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : undefined;
}

/** `max`, or a number near 2^63 in version 1, means none. */
export function limitBytes(text: string | undefined): number | undefined {
  const bytes = Number(text);
  return bytes > 0 && bytes < 2 ** 60 ? bytes : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
