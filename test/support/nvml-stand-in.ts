import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../harness/package-files.ts';

/** Why the stand-in cannot be built here; undefined where it can. */
export const noCompiler =
  spawnSync('gcc', ['--version']).status === 0 ? undefined : 'gcc is not installed: no NVML stand-in';

export interface NvmlStandIn {
  /** For `INFEROMETER_NVML`. */
  readonly file: string;
  /** Changes what it answers from now on, also for a process that has it open. See nvml-stand-in.c. */
  script(lines: Readonly<Record<string, string | number>>): void;
}

/** One H200-like device that answers everything. Memory in bytes, power in milliwatts. */
export const ONE_GPU = {
  count: 1,
  driver: '570.86.15',
  '0.name': 'NVIDIA Stand-in',
  '0.utilization': 42,
  '0.memory.total': 8 * 2 ** 30,
  '0.memory.used': 2 * 2 ** 30,
  '0.power': 123_400,
  '0.clock1': 1_410,
  '0.throttle': 0x4,
};

/** Compiles the stand-in into `folder`. */
export function buildNvmlStandIn(folder: string, flags: readonly string[] = []): NvmlStandIn {
  const file = join(folder, 'libnvidia-ml.so.1');
  const scriptFile = join(folder, 'nvml-script');
  const source = packageFile('test', 'support', 'nvml-stand-in.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', `-DSCRIPT="${scriptFile}"`, ...flags, '-o', file, source]);
  const script: NvmlStandIn['script'] = (lines) => {
    const text = Object.entries(lines).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(scriptFile, text.join(''));
  };
  script(ONE_GPU);
  return { file, script };
}
