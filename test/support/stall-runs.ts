import type { LoadResult } from '../../harness/run/load-engine.ts';
import { assignment, runLoad } from './assignment.ts';
import { coresForTest } from './real-time.ts';
import { startTruthServer } from './start-truth-server.ts';

/** Constant 1,000/s over a whole period of 10 s in which the whole server stands still for 1 s. */
export const STALL = { perS: 1000, periodMs: 10_000, fromMs: 4000, forMs: 1000 } as const;

const WARMUP_MS = 1000;

/** The stall lies inside the measured period, whose first arrival comes WARMUP_MS after the server's first. */
export interface StallRun {
  readonly result: LoadResult;
  /** What the server itself took to write the answers that the stall had kept. */
  readonly releaseMs: number;
}

export async function stallRun(connections: number, delayMs: number): Promise<StallRun> {
  const cores = coresForTest();
  const law = {
    kind: 'stall',
    delayMs,
    stallFromMs: WARMUP_MS + STALL.fromMs,
    stallForMs: STALL.forMs,
  } as const;
  const server = await startTruthServer({ law, precise: true }, cores.server);
  try {
    const given = assignment(server.url, {
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
    });
    const result = await runLoad(given);
    return { result, releaseMs: (await server.witness()).longestReleaseMs };
  } finally {
    await server.stop();
  }
}
