import type { Probe } from './probe.ts';

/** CPU and memory of this process: the generator's threads, and the harness around them. */
export function generatorProbe(nowMs: () => number = () => performance.now()): Probe {
  let lastCpuMs = cpuMs();
  let lastAtMs = nowMs();
  return {
    name: 'generator',
    metrics: { cpuCores: 'cores', rssMiB: 'MiB' },
    read() {
      const [usedMs, atMs] = [cpuMs(), nowMs()];
      const cpuCores = (usedMs - lastCpuMs) / (atMs - lastAtMs);
      [lastCpuMs, lastAtMs] = [usedMs, atMs];
      return { cpuCores, rssMiB: process.memoryUsage.rss() / 2 ** 20 };
    },
    close() {},
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
