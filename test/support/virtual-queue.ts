import { exponential, type Random, seededRandom } from '../../harness/load/random.ts';
import { openSchedule } from '../../harness/load/schedule.ts';
import { Recorder } from '../../harness/measure/recorder.ts';
import { windowLengthMs } from '../../harness/measure/windows.ts';
import { Buckets } from '../../harness/statistics/buckets.ts';

/** Mean service time of every law: utilisation is then requests per millisecond. */
export const SERVICE_MS = 1;

/** Service times in milliseconds, and their coefficient of variation squared. */
export const SERVICE_LAWS = {
  'M/M/1': { draw: (random: Random) => SERVICE_MS * exponential(random), cvSquared: 1 },
  'M/D/1': { draw: () => SERVICE_MS, cvSquared: 0 },
  /** Nine of ten take half the mean, the tenth five and a half: variance 2.25. */
  'M/G/1': { draw: (random: Random) => SERVICE_MS * (random() < 0.9 ? 0.5 : 5.5), cvSquared: 2.25 },
} as const;
export type QueueName = keyof typeof SERVICE_LAWS;

export interface QueueFigures {
  readonly response: Buckets;
  readonly requestsPerS: number;
  readonly completedPerS: number;
}

/**
 * A single server, first come first served, on a virtual clock: arrivals as the schedule of an open load makes them,
 * departures D_k = max(D_k-1, A_k) + S_k, told to the recorder as a generator would.
 */
export function virtualQueue(name: QueueName, utilization: number, customers: number): QueueFigures {
  const requestsPerS = (1000 * utilization) / SERVICE_MS;
  const durationMs = (1000 * customers) / requestsPerS;
  const schedule = openSchedule({ arrivals: 'poisson', requestsPerS, seed: 11 });
  const random = seededRandom(12);
  const recorder = new Recorder({
    edges: { warmupAtMs: 0, measureAtMs: 0, measureEndAtMs: durationMs },
    windowMs: windowLengthMs(1000, durationMs),
    goodWithinMs: undefined,
  });
  const facts = {
    intendedAtMs: 0,
    dispatchedAtMs: 0,
    sentAtMs: 0,
    doneAtMs: 0,
    outcome: 'ok' as const,
    rows: 1,
    requestClass: 0,
  };
  const { draw } = SERVICE_LAWS[name];
  for (let atMs = schedule.next(); atMs < durationMs; atMs = schedule.next()) {
    facts.intendedAtMs = atMs;
    facts.dispatchedAtMs = atMs;
    facts.sentAtMs = atMs;
    facts.doneAtMs = Math.max(facts.doneAtMs, atMs) + draw(random);
    recorder.dispatched(facts);
    recorder.sent(facts);
    recorder.finished(facts);
  }
  const { counts, completedInPhase, histograms } = recorder.close(Math.max(durationMs, facts.doneAtMs));
  return {
    response: Buckets.decode(histograms.response),
    requestsPerS: (1000 * counts.scheduled) / durationMs,
    completedPerS: (1000 * completedInPhase.requests) / durationMs,
  };
}

/** Mean response time by Pollaczek and Khinchine: s + rho s (1 + c²) / (2 (1 - rho)). */
export function meanResponseMs(name: QueueName, utilization: number): number {
  const { cvSquared } = SERVICE_LAWS[name];
  return SERVICE_MS + (utilization * SERVICE_MS * (1 + cvSquared)) / (2 * (1 - utilization));
}

/** M/M/1: response times are exponential with mean s / (1 - rho). */
export function exponentialPercentileMs(p: number, utilization: number): number {
  return (Math.log(1 / (1 - p / 100)) * SERVICE_MS) / (1 - utilization);
}

/** M/D/1: the share that waits at most t < s is (1 - rho) e^(rho t / s) (Erlang 1909). */
export function shareWaitingAtMost(waitMs: number, utilization: number): number {
  return (1 - utilization) * Math.exp((utilization * waitMs) / SERVICE_MS);
}
