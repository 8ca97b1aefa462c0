import { accessSync, constants, readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { lowerTimerSlack } from '../load/thread.ts';
import { namesIn } from '../names-in.ts';
import { gpuProbe } from '../probes/gpu-nvml.ts';
import { isMissing } from '../record/figures.ts';
import { availableCpus } from '../run/machine/available-cpus.ts';
import { cgroupLimits } from '../run/machine/cgroup-limits.ts';
import { linuxCalls } from '../transports/linux-calls.ts';
import { accepts } from '../transports/reachable-address.ts';
import { type MachineReadings, PROGRAMS, type Program } from './readings.ts';

/** Asks this machine. Takes a moment, starts no process, changes nothing but this thread's timer slack. */
export async function gatherReadings(): Promise<MachineReadings> {
  const limits = cgroupLimits();
  const calls = linuxCalls();
  const present = cpus().length;
  const usable = availableCpus().length;
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    cores: { usable: usable === 0 ? present : usable, present },
    cpuQuotaCores: limits.cpuQuotaCores,
    governor: readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')?.trim(),
    cpuPressurePct: cpuPressure(readText('/proc/pressure/cpu')),
    stealPct: stealShare(readText('/proc/stat')),
    openFiles: openFiles(readText('/proc/self/limits')),
    ports: ports(readText('/proc/sys/net/ipv4/ip_local_port_range'), readText('/proc/net/sockstat')),
    somaxconn: numberIn(readText('/proc/sys/net/core/somaxconn')),
    memory: memory(readText('/proc/meminfo'), limits.memoryBytes),
    exactSleeps: lowerTimerSlack(),
    nativeLoopMissing: 'missing' in calls ? calls.missing : undefined,
    gpu: gpu(),
    vulkanDrivers: vulkanDrivers(),
    redisListens: await accepts('127.0.0.1', 6379, 300),
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, pathOf(name)])) as MachineReadings['programs'],
  };
}

/** `some avg10=0.12 avg60=…` */
export function cpuPressure(text: string | undefined): number | undefined {
  return numberIn(/^some avg10=([\d.]+)/m.exec(text ?? '')?.[1]);
}

/** `cpu user nice system idle iowait irq softirq steal …`, ticks since boot. */
export function stealShare(text: string | undefined): number | undefined {
  const ticks =
    /^cpu +(.*)$/m
      .exec(text ?? '')?.[1]
      ?.split(' ')
      .map(Number)
      .slice(0, 8) ?? [];
  const steal = ticks[7];
  const all = ticks.reduce((sum, one) => sum + one, 0);
  return steal === undefined || all === 0 ? undefined : (100 * steal) / all;
}

/** `Max open files  1024  1048576  files` */
export function openFiles(text: string | undefined): MachineReadings['openFiles'] {
  const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(text ?? '') ?? [];
  const limit = (word: string | undefined) =>
    word === 'unlimited' ? Number.POSITIVE_INFINITY : numberIn(word);
  const [softLimit, hardLimit] = [limit(soft), limit(hard)];
  return softLimit === undefined || hardLimit === undefined
    ? undefined
    : { soft: softLimit, hard: hardLimit };
}

/** `32768  60999`, and `TCP: inuse 5 orphan 0 tw 12 …` */
export function ports(range: string | undefined, sockets: string | undefined): MachineReadings['ports'] {
  const [first, last] = (range ?? '').trim().split(/\s+/).map(Number);
  if (first === undefined || last === undefined || !(last > first)) return undefined;
  return { first, last, timeWait: numberIn(/^TCP:.* tw (\d+)/m.exec(sockets ?? '')?.[1]) ?? 0 };
}

function memory(text: string | undefined, limitBytes: number | undefined): MachineReadings['memory'] {
  const availableKiB = numberIn(/^MemAvailable: +(\d+)/m.exec(text ?? '')?.[1]);
  const availableBytes = availableKiB === undefined ? freemem() : availableKiB * 1024;
  const limit = limitBytes ?? Number.POSITIVE_INFINITY;
  return { availableBytes: Math.min(availableBytes, limit), totalBytes: Math.min(totalmem(), limit) };
}

function gpu(): MachineReadings['gpu'] {
  const probe = gpuProbe();
  probe.close();
  return isMissing(probe.metrics)
    ? { missing: probe.metrics.missing }
    : { names: probe.devices.map(({ name }) => name) };
}

const VULKAN_FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const SOFTWARE_DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';

function vulkanDrivers(): string[] {
  const named = (process.env.VK_DRIVER_FILES ?? '').split(delimiter).filter((path) => path !== '');
  const installed = VULKAN_FOLDERS.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  const all = [...named, ...installed, SOFTWARE_DRIVER];
  return [...new Set(all)].filter((path) => path.endsWith('.json') && readText(path) !== undefined);
}

/** Other names that distributions give a program. */
const ALIASES: Readonly<Partial<Record<Program, readonly string[]>>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
};

function pathOf(program: Program): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const paths = folders.flatMap((folder) =>
    (ALIASES[program] ?? [program]).map((name) => join(folder, name)),
  );
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function numberIn(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
