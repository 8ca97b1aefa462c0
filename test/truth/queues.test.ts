import { describe, expect, it } from 'vitest';
import { openSchedule } from '../../harness/load/schedule.ts';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { assignment } from '../support/assignment.ts';
import { departuresMs, exactPercentile } from '../support/lindley.ts';
import { percentileMs } from '../support/load-figures.ts';
import { runLoadInProcess } from '../support/load-process.ts';
import { coresForTest, onQuietMachine } from '../support/real-time.ts';
import { startTruthServer } from '../support/start-truth-server.ts';
import type { QueueLaw } from '../support/truth-config.ts';

/**
 * Service is long enough that two percent of the smallest percentile are more than a way over loopback takes, which is
 * not part of any queue: 0.1 to 0.2 ms with both ends asleep.
 */
const CASES = [
  { utilisation: 0.5, meanMs: 15, requests: 2400 },
  { utilisation: 0.8, meanMs: 5, requests: 6000 },
  { utilisation: 0.95, meanMs: 5, requests: 6000 },
];
const WARMUP_MS = 1000;
const SEED = 5;
const PERCENTILES = [50, 90, 95, 99];
const TOLERANCE = 0.02;
/** Client to server and back, without a queue. */
const WAY_MS = 1;

/**
 * A real run through a queue of one server against the recursion over the same arrivals and the same service times: no
 * chance is left in it.
 *
 *     planned      the schedule's instants P_k                     what the client counts from
 *     witnessed    when the server read them, A_k                  what the queue saw
 *     departures   D_k = max(D_k-1, A_k) + S_k                     S_k from the law's seed
 *
 * Response times must be those of D_k - P_k within 2 %. The queue over the planned instants themselves, as if sending
 * took no time, may differ by what a loopback, two event loops and a timer take beside.
 */
describe('response times of a real queue', () => {
  it.for(CASES)(
    'are those of the Lindley recursion within two percent, at utilisation $utilisation',
    ({ utilisation, meanMs, requests }, context) =>
      onQuietMachine(context, async () => {
        const law: QueueLaw = { kind: 'queue', service: 'exponential', meanMs, seed: 11 };
        const requestsPerS = (1000 * utilisation) / meanMs;
        const load = { shape: 'open', arrivals: 'poisson', requestsPerS } as const;
        const durationMs = Math.ceil((1000 * requests) / requestsPerS);
        const { result, witness } = await throughQueue(law, { load, durationMs });

        const planned = instants({ ...load, seed: SEED }, WARMUP_MS + durationMs);
        const arrived = witness.arrivedAtMs.map((atMs) => atMs - result.instants.warmupAtMs);
        expect(arrived.length).toBe(planned.length);
        const isMeasured = (_: number, k: number) => (planned[k] ?? 0) >= WARMUP_MS;
        const seen = departuresMs(arrived, law).map((leftAtMs, k) => leftAtMs - (planned[k] ?? 0));
        const ideal = departuresMs(planned, law).map((leftAtMs, k) => leftAtMs - (planned[k] ?? 0));
        for (const p of PERCENTILES) {
          const foundMs = percentileMs(result, 'response', p);
          const truthMs = exactPercentile(seen.filter(isMeasured), p);
          const idealMs = exactPercentile(ideal.filter(isMeasured), p);
          const figures = `p${p}: ${foundMs} ms measured, ${truthMs} as witnessed, ${idealMs} as planned`;
          expect(Math.abs(foundMs - truthMs), figures).toBeLessThan(TOLERANCE * truthMs);
          expect(Math.abs(foundMs - idealMs), figures).toBeLessThan(TOLERANCE * idealMs + WAY_MS);
        }
      }),
  );
});

async function throughQueue(law: QueueLaw, changes: Partial<LoadAssignment>) {
  const cores = coresForTest();
  const config = { law, precise: true, keepArrivals: true };
  const server = await startTruthServer(config, cores.server);
  try {
    const fixed = { seed: SEED, warmupMs: WARMUP_MS, drainMs: 10_000, timeoutMs: 10_000, maxInFlight: 1000 };
    const given = assignment(server.url, { ...fixed, cpus: cores.generator, ...changes });
    return { result: await runLoadInProcess(given), witness: await server.witness() };
  } finally {
    await server.stop();
  }
}

/** The schedule's instants before `endMs`. */
function instants(load: Parameters<typeof openSchedule>[0], endMs: number): number[] {
  const schedule = openSchedule(load);
  const found: number[] = [];
  for (let atMs = schedule.next(); atMs < endMs; atMs = schedule.next()) found.push(atMs);
  return found;
}
