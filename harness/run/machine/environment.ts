import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import systeminformation from 'systeminformation';
import { packageVersion } from '../../package-files.ts';
import { gpuProbe } from '../../probes/gpu-nvml.ts';
import { isMissing } from '../../record/figures.ts';
import { cgroupLimits } from './cgroup-limits.ts';

/** No question to the system may hold a run up for longer. */
const ASK_MS = 3_000;

/**
 * What this machine is, asked once before the first load (some answers take a process or two). What cannot be
 * known is left out. Names:
 *
 *   cpuModel, cpuCores (that this process may use), cpuPhysicalCores, cpuQuotaCores, cpuGovernor
 *   memoryGiB (the container's limit where there is one)
 *   gpus [{index, name, memoryGiB}], gpuMissing (why there are none), gpuDriver
 *   os, kernel, architecture, virtualization, container
 *   nodeVersion, inferometerVersion, onnxruntimeVersion
 *   gitCommit, gitDirty (of the folder that the run was started in)
 */
export async function environmentFacts(): Promise<Record<string, unknown>> {
  const [processor, system, os, git] = await Promise.all([
    asked(systeminformation.cpu()),
    asked(systeminformation.system()),
    asked(systeminformation.osInfo()),
    gitFacts(),
  ]);
  const limits = cgroupLimits();
  const memoryBytes = Math.min(totalmem(), limits.memoryBytes ?? Number.POSITIVE_INFINITY);
  return known({
    cpuModel: cpuModel(processor),
    cpuCores: availableParallelism(),
    cpuPhysicalCores: processor?.physicalCores,
    cpuQuotaCores: limits.cpuQuotaCores,
    cpuGovernor: readLine('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    memoryGiB: Math.round((memoryBytes / 2 ** 30) * 10) / 10,
    ...gpuFacts(),
    os: os === undefined ? process.platform : `${os.distro} ${os.release}`.trim(),
    kernel: release(),
    architecture: process.arch,
    virtualization: system?.virtual ? system.virtualHost || 'unknown' : undefined,
    container: containerKind(system?.model),
    nodeVersion: process.versions.node,
    inferometerVersion: packageVersion(),
    onnxruntimeVersion: onnxruntimeVersion(),
    ...git,
  });
}

/** `manufacturer brand` as people say it; the plain name of the first core where that is not known. */
function cpuModel(processor: systeminformation.Systeminformation.CpuData | undefined): string | undefined {
  const name = [processor?.manufacturer, processor?.brand].filter(Boolean).join(' ');
  return name === '' ? cpus()[0]?.model : name;
}

function gpuFacts(): Record<string, unknown> {
  const probe = gpuProbe();
  probe.close();
  return {
    gpus: probe.devices.map(({ index, name, memoryTotalMiB }) => ({
      index,
      name,
      ...(isMissing(memoryTotalMiB) ? {} : { memoryGiB: Math.round(memoryTotalMiB / 102.4) / 10 }),
    })),
    gpuMissing: isMissing(probe.metrics) ? probe.metrics.missing : undefined,
    gpuDriver: probe.driverVersion,
  };
}

function containerKind(systemModel: string | undefined): string | undefined {
  if (process.env.KUBERNETES_SERVICE_HOST !== undefined) return 'kubernetes';
  return /container/i.test(systemModel ?? '') ? 'docker' : undefined;
}

function onnxruntimeVersion(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

async function gitFacts(): Promise<Record<string, unknown>> {
  const git = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('git', args, { timeout: ASK_MS });
    return stdout.trim();
  };
  const [commit, changes] = await Promise.all([
    asked(git('rev-parse', 'HEAD')),
    asked(git('status', '--porcelain', '--untracked-files=no')),
  ]);
  return commit === undefined ? {} : { gitCommit: commit, gitDirty: changes !== '' };
}

/** The answer, or undefined when it fails or is not there in time. */
async function asked<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ASK_MS);
  });
  const result = await Promise.race([answer.catch(() => undefined), late]);
  clearTimeout(timer);
  return result;
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function known(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
