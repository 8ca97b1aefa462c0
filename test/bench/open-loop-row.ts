import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RowResult } from './bench-result.ts';
import { startSink } from './bench-target.ts';
import { treeCpuUs } from './cpu-time.ts';
import type { BenchOptions } from './duel-rows.ts';
import { httpAssignment, oursCommand } from './node-contenders.ts';
import type { OursSays } from './ours.ts';
import { isReached, spreadOf } from './round-statistics.ts';

const REQUESTS_PER_S = 5000;
const STARTUP_MS = 800;

/** Poisson arrivals against a server that does nothing, on the other core: how late they go out, and at what cost. */
export async function openLoopRows({ rounds, seconds, cores, tell }: BenchOptions): Promise<RowResult[]> {
  const what = `open loop, Poisson ${REQUESTS_PER_S}/s`;
  const lag = { row: 6, what, against: 'dispatch lag p99', unit: 'ms', reach: { atMost: 0.5 } } as const;
  const cpu = {
    row: 6,
    what,
    against: 'CPU of all its threads',
    unit: 'cores',
    reach: { atMost: 0.4 },
  } as const;
  const target = await startSink(cores.server, 64);
  if ('missing' in target) {
    const lacking = { found: undefined, reached: undefined, note: target.missing };
    return [
      { ...lag, ...lacking },
      { ...cpu, ...lacking },
    ];
  }
  const exchange = { method: 'GET', path: '/', connections: 256, streams: 1 } as const;
  const given = {
    ...httpAssignment(target, exchange),
    load: { shape: 'open', arrivals: 'poisson', requestsPerS: REQUESTS_PER_S } as const,
    maxInFlight: 1024,
    warmupMs: 1000,
    durationMs: seconds * 1000,
    windowMs: 1000,
  };
  const lags: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { says, cpuCores } = await measured(
      oursCommand({ ...given, seed: round + 1 }),
      cores.client,
      seconds,
    );
    tell(`${what}: round ${round + 1}: lag p99 ${says.dispatchLagP99Ms} ms, ${cpuCores.toFixed(3)} cores`);
    if (says.failed > 0) continue;
    lags.push(says.dispatchLagP99Ms);
    shares.push(cpuCores);
  }
  await target.stop();
  const note =
    lags.length < rounds ? `${rounds - lags.length} rounds with failed requests do not count` : undefined;
  return [
    { ...lag, found: spreadOf(lags), reached: isReached(lag.reach, spreadOf(lags)), note },
    { ...cpu, found: spreadOf(shares), reached: isReached(cpu.reach, spreadOf(shares)) },
  ];
}

/** CPU between start-up and end, so within warm-up and measure phase. */
async function measured(command: readonly string[], cpu: number, seconds: number) {
  const child = spawn('taskset', ['-c', String(cpu), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const gone = once(child, 'exit');
  await sleep(STARTUP_MS);
  const [beganMs, beganUs] = [performance.now(), treeCpuUs(child.pid ?? 0)];
  await sleep(seconds * 1000);
  const cpuCores = (treeCpuUs(child.pid ?? 0) - beganUs) / 1000 / (performance.now() - beganMs);
  await gone;
  return { says: JSON.parse(output) as OursSays, cpuCores };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
