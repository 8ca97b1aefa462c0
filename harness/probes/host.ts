import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type KeptFile, keepFile } from './kept-file.ts';
import type { Probe } from './probe.ts';

/** A counter of the host: cumulative, so that a reading is the difference to the one before. */
interface HostCounter {
  readonly metric: string;
  readonly unit: string;
  read(): number;
  /** Difference of the counter and elapsed ms -> value in `unit`. */
  rate(difference: number, elapsedMs: number): number;
  close(): void;
}

/**
 * What the machine does to everybody on it: CPU taken by other virtual machines (steal), time in which some
 * process waited for a CPU (pressure), time for which a quota held this container back. Each is the CAUSE that
 * explains lag, never a verdict. Metrics that this system does not have are left out.
 */
export function hostProbe(nowMs: () => number = () => performance.now()): Probe {
  const counters = [...stealCounters(), ...pressureCounters(), ...quotaCounters()];
  if (counters.length === 0) {
    return {
      name: 'host',
      metrics: { missing: 'steal, pressure and quotas are read from /proc and /sys, which only Linux has' },
      read: () => ({}),
      close() {},
    };
  }
  let gaps: Record<string, string> = {};
  const last = counters.map(readOrNull);
  let lastAtMs = nowMs();
  return {
    name: 'host',
    metrics: Object.fromEntries(counters.map(({ metric, unit }) => [metric, unit])),
    read() {
      const atMs = nowMs();
      const elapsedMs = atMs - lastAtMs;
      lastAtMs = atMs;
      gaps = {};
      return Object.fromEntries(
        counters.map((counter, index) => {
          const before = last[index] ?? null;
          const now = readOrNull(counter);
          last[index] = now;
          if (now === null) gaps[counter.metric] = 'it could not be read';
          const value = now === null || before === null ? null : counter.rate(now - before, elapsedMs);
          return [counter.metric, value];
        }),
      );
    },
    get gaps() {
      return gaps;
    },
    close() {
      for (const counter of counters) counter.close();
    },
  };
}

function readOrNull(counter: HostCounter): number | null {
  try {
    const value = counter.read();
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}

/** /proc/stat, first line: user nice system idle iowait irq softirq steal, in ticks of 10 ms over all cores. */
function stealCounters(): HostCounter[] {
  const cores = cpus().length;
  return fileCounter('/proc/stat', {
    metric: 'stealPct',
    unit: '%',
    read: (text) => Number(text.slice(0, text.indexOf('\n')).split(/\s+/)[8]),
    rate: (ticks, elapsedMs) => (100 * ticks * 10) / elapsedMs / cores,
  });
}

/** Pressure stall information: `some … total=<µs>`, the time in which at least one task waited. */
function pressureCounters(): HostCounter[] {
  return ['cpu', 'memory', 'io'].flatMap((resource) =>
    fileCounter(`/proc/pressure/${resource}`, {
      metric: `${resource}PressurePct`,
      unit: '%',
      read: (text) => Number(/total=(\d+)/.exec(text)?.[1]),
      rate: (waitedUs, elapsedMs) => waitedUs / 10 / elapsedMs,
    }),
  );
}

/** `throttled_usec` (cgroup 2) or `throttled_time` in ns (cgroup 1) of the group that this process is in. */
function quotaCounters(): HostCounter[] {
  const counter = {
    metric: 'throttledPct',
    unit: '%',
    read: (text: string) => {
      const [, name, value] = /^(throttled_usec|throttled_time) (\d+)/m.exec(text) ?? [];
      return name === 'throttled_time' ? Number(value) / 1e6 : Number(value) / 1e3;
    },
    rate: (throttledMs: number, elapsedMs: number) => (100 * throttledMs) / elapsedMs,
  };
  return cgroupFolders()
    .flatMap((folder) => fileCounter(`${folder}/cpu.stat`, counter))
    .slice(0, 1);
}

/** Folders of this process's control group, the CPU controller's own first. Empty elsewhere than on Linux. */
export function cgroupFolders(): string[] {
  let groups: string[];
  try {
    groups = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  } catch {
    return [];
  }
  const root = '/sys/fs/cgroup';
  return groups.flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // Inside a container the path of the host does not exist; its own group is then mounted at the root.
    if (controllers === '') return [`${root}${path}`, root];
    return controllers.split(',').includes('cpu') ? [`${root}/${controllers}${path}`, `${root}/cpu`] : [];
  });
}

function fileCounter(
  path: string,
  counter: Pick<HostCounter, 'metric' | 'unit' | 'rate'> & { read(text: string): number },
): HostCounter[] {
  const file: KeptFile | undefined = keepFile(path);
  if (file === undefined) return [];
  const kept = { ...counter, read: () => counter.read(file.read()), close: () => file.close() };
  if (readOrNull(kept) !== null) return [kept];
  file.close();
  return [];
}
