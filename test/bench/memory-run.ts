import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BenchTarget } from './bench-target.ts';
import { residentBytes } from './cpu-time.ts';
import { httpAssignment, oursCommand } from './node-contenders.ts';
import type { OursSays } from './ours.ts';

/** What a generator held while it made more and more requests in one run. */
export interface MemoryRun {
  readonly requests: number;
  readonly tookS: number;
  readonly samples: readonly { readonly atS: number; readonly requests: number; readonly bytes: number }[];
  readonly says: OursSays;
}

const SAMPLE_MS = 500;
const MOST_S = 900;

/** One closed loop of `requests` requests, then a drain. */
export async function memoryRun(target: BenchTarget, cpu: number, requests: number): Promise<MemoryRun> {
  const exchange = { method: 'GET', path: '/', connections: 32, streams: 1 } as const;
  const load = { shape: 'closed', inFlight: 32, thinkTimeMs: 0 } as const;
  const timing = { warmupMs: 0, durationMs: MOST_S * 1000, windowMs: 1000, maxInFlight: 32 };
  const command = oursCommand({ ...httpAssignment(target, exchange), load, ...timing });
  const child = spawn('taskset', ['-c', String(cpu), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const gone = once(child, 'exit');
  const before = await target.count();
  const beganMs = performance.now();
  const samples: MemoryRun['samples'][number][] = [];
  while (child.exitCode === null && performance.now() - beganMs < MOST_S * 1000) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const bytes = residentBytes(child.pid ?? 0);
    const done = (await target.count()) - before;
    if (bytes !== undefined && done > 0)
      samples.push({ atS: (performance.now() - beganMs) / 1000, requests: done, bytes });
    if (done >= requests) break;
  }
  const tookS = (performance.now() - beganMs) / 1000;
  child.kill('SIGTERM');
  await gone;
  return { requests: (await target.count()) - before, tookS, samples, says: JSON.parse(output) as OursSays };
}
