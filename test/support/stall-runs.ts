import type { LoadResult } from '../../harness/run/load-engine.ts';
import { assignment } from './assignment.ts';
import { runLoadInProcess } from './load-process.ts';
import { coresForTest } from './real-time.ts';
import { startTruthServer } from './start-truth-server.ts';
import type { Witness } from './truth-config.ts';

/** Constant 1,000/s over a whole period of 10 s in which the whole server stands still for 1 s. */
export const STALL = { perS: 1000, periodMs: 10_000, fromMs: 4000, forMs: 1000 } as const;

const WARMUP_MS = 1000;

/** The stall lies inside the measured period, whose first arrival comes WARMUP_MS after the server's first. */
export interface StallRun {
  readonly result: LoadResult;
  /** From the end of the stall until the server had answered half of those who came during it, by its own clock. */
  readonly halfAnsweredMs: number;
}

export async function stallRun(connections: number, delayMs: number): Promise<StallRun> {
  const cores = coresForTest();
  const law = {
    kind: 'stall',
    delayMs,
    stallFromMs: WARMUP_MS + STALL.fromMs,
    stallForMs: STALL.forMs,
  } as const;
  const config = { law, precise: true, keepArrivals: true, keepAnswers: true };
  const server = await startTruthServer(config, cores.server);
  try {
    const result = await runLoadInProcess(
      assignment(server.url, {
        load: { shape: 'open', arrivals: 'even', requestsPerS: STALL.perS },
        warmupMs: WARMUP_MS,
        durationMs: STALL.periodMs,
        drainMs: 5000,
        windowMs: 100,
        timeoutMs: 10_000,
        connections,
        maxInFlight: 4000,
        cpus: cores.generator,
        workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 1 },
      }),
    );
    return { result, halfAnsweredMs: halfAnsweredMs(await server.witness()) };
  } finally {
    await server.stop();
  }
}

function halfAnsweredMs({ arrivedAtMs, answeredAtMs }: Witness): number {
  const stallEndMs = (arrivedAtMs[0] ?? Number.NaN) + WARMUP_MS + STALL.fromMs + STALL.forMs;
  const after = answeredAtMs.filter((atMs) => atMs >= stallEndMs);
  const kept = (STALL.perS * STALL.forMs) / 1000;
  return (after[kept / 2] ?? Number.NaN) - stallEndMs;
}
