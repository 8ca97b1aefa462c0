import { seededRandom } from '../../harness/load/random.ts';
import { openSchedule } from '../../harness/load/schedule.ts';
import type { CapacityFound, ProbeRun } from '../../harness/record/search-record.ts';
import { nextStep, type SearchPlan, type SearchStep } from '../../harness/search/capacity-planner.ts';
import { overload } from '../../harness/statistics/overload.ts';

/** One server, first in, first out, every request takes `serviceMs`: M/D/1 under Poisson arrivals. */
export interface DeterministicQueue {
  readonly serviceMs: number;
  readonly boundMs: number;
  /** The share that may take longer: 0.01 for a p99. */
  readonly allowed: number;
}

const WARMUP_MS = 500;
const DRAIN_MS = 50;

type Load = Extract<SearchStep, { requestsPerS: number }>;

/** Response times of one sample path by Lindley's recursion, and what was still waiting at its end and at a third. */
function samplePath({ requestsPerS, durationMs, seed }: Load, { serviceMs }: DeterministicQueue) {
  const schedule = openSchedule({ arrivals: 'poisson', requestsPerS, seed });
  const responses: number[] = [];
  const doneAt: number[] = [];
  const arrivedAt: number[] = [];
  let freeAt = 0;
  for (let at = schedule.next(); at < WARMUP_MS + durationMs; at = schedule.next()) {
    freeAt = Math.max(freeAt, at) + serviceMs;
    doneAt.push(freeAt);
    arrivedAt.push(at);
    if (at >= WARMUP_MS) responses.push(freeAt - at);
  }
  const backlogAt = (ms: number) =>
    arrivedAt.filter((at) => at <= ms).length - doneAt.filter((at) => at <= ms).length;
  return {
    responses,
    backlogAtThird: backlogAt(WARMUP_MS + durationMs / 3),
    backlogAtEnd: backlogAt(WARMUP_MS + durationMs),
  };
}

/** A probe or verdict against the queue, as a run of that length would have seen it. */
export function simulatedRun(step: Load, queue: DeterministicQueue): ProbeRun {
  const { responses, backlogAtThird, backlogAtEnd } = samplePath(step, queue);
  const { boundMs, allowed } = queue;
  const seconds = step.durationMs / 1000;
  const of = responses.length;
  const bad = responses.filter((ms) => ms > boundMs).length;
  const okPerS = (of - backlogAtEnd + backlogAtThird / 3) / seconds;
  const { overloaded } = overload({
    offeredPerS: of / seconds,
    okPerS,
    okHighPerS: okPerS * (1 + 2 / Math.sqrt(of)),
    dispatchLagClean: true,
    scheduled: of,
    backlogAtThird,
    backlogAtEnd,
  });
  const late = of === 0 ? 1 : bad / of;
  return {
    ...step,
    offeredPerS: of / seconds,
    tookMs: step.durationMs + WARMUP_MS + DRAIN_MS,
    counts: [{ expression: `p${100 * (1 - allowed)} < ${boundMs}ms`, bad, of, allowed }],
    outcome: overloaded || late > allowed ? 'breach' : 'pass',
    clientLimited: false,
    overloaded,
  };
}

/**
 * The share of requests that take longer than the bound in the steady state: P(W > bound - S) of M/D/1, with
 * P(W <= t) = (1 - rho) sum over j <= t / S of (lambda (j S - t))^j / j! exp(lambda (t - j S)) (Erlang 1909).
 */
export function lateShare(requestsPerS: number, { serviceMs, boundMs }: DeterministicQueue): number {
  const perMs = requestsPerS / 1000;
  const waitMs = boundMs - serviceMs;
  let sum = 0;
  let factorial = 1;
  for (let j = 0; j * serviceMs <= waitMs; j++) {
    factorial *= Math.max(1, j);
    const left = perMs * (waitMs - j * serviceMs);
    sum += ((-left) ** j / factorial) * Math.exp(left);
  }
  return 1 - (1 - perMs * serviceMs) * sum;
}

/** The rate at which exactly the allowed share is late. */
export function analyticCapacity(queue: DeterministicQueue): number {
  let [low, high] = [0, 1000 / queue.serviceMs];
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (lateShare(middle, queue) < queue.allowed) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export const PLAN: SearchPlan = {
  startPerS: 20,
  precision: 0.05,
  budgetMs: 60_000,
  climbMs: 1000,
  probeMs: 2000,
  overheadMs: WARMUP_MS + DRAIN_MS,
  verdictMs: 15_000,
  verdictRequests: 0,
  seed: 1,
  random: () => seededRandom(1, 7),
};

export interface SimulatedSearch {
  readonly answer: CapacityFound;
  readonly runs: readonly ProbeRun[];
}

/** The whole search, each step answered by `run`. */
export function simulatedSearch(
  plan: SearchPlan,
  run: (step: Load, soFar: readonly ProbeRun[]) => ProbeRun,
): SimulatedSearch {
  const runs: ProbeRun[] = [];
  for (;;) {
    const step = nextStep(plan, runs);
    if (step.kind === 'done') return { answer: step.answer, runs };
    runs.push(run(step, runs));
  }
}
