import { exponential, type Random, standardNormal } from '../../harness/load/random.ts';
import { rankOf } from '../../harness/statistics/buckets.ts';
import { type Dependence, dependence, designEffect } from '../../harness/statistics/design-effect.ts';
import { percentileInterval } from '../../harness/statistics/intervals.ts';
import type { FlowWindow } from '../../harness/statistics/overload.ts';

/** A stationary first-order autoregression: mean 0, standard deviation 1, correlation `phi` between neighbours. */
export function autoregression(random: Random, phi: number, length: number): number[] {
  let value = standardNormal(random);
  return Array.from({ length }, () => {
    value = phi * value + Math.sqrt(1 - phi * phi) * standardNormal(random);
    return value;
  });
}

export interface QueueRun {
  readonly utilization: number;
  readonly serviceMeanMs: number;
  readonly durationMs: number;
  /** At most this many in the system; what comes then is answered 503 at once, or never sent by a capped client. */
  readonly full?: { readonly atMost: number; readonly beyond: '503' | 'unsent' };
}

export interface SimulatedRequest {
  readonly intendedAtMs: number;
  /** Infinity: never. */
  readonly doneAtMs: number;
  readonly ok: boolean;
}

const WARMUP_MS = 1000;

/** One sample path of an M/M/1 queue (Lindley's recursion) from before time 0; starts in the steady state where there is one. */
export function simulateQueue(random: Random, run: QueueRun): SimulatedRequest[] {
  const { utilization, serviceMeanMs, durationMs, full } = run;
  const requests: SimulatedRequest[] = [];
  const doneInOrder: number[] = [];
  let gone = 0;
  let now = -WARMUP_MS;
  let freeAt = now + steadyWait(random, run);
  for (;;) {
    now += (exponential(random) * serviceMeanMs) / utilization;
    if (now >= durationMs) return requests;
    while ((doneInOrder[gone] ?? Infinity) <= now) gone++;
    if (full !== undefined && doneInOrder.length - gone >= full.atMost) {
      requests.push({ intendedAtMs: now, doneAtMs: full.beyond === '503' ? now + 0.1 : Infinity, ok: false });
      continue;
    }
    freeAt = Math.max(now, freeAt) + exponential(random) * serviceMeanMs;
    doneInOrder.push(freeAt);
    requests.push({ intendedAtMs: now, doneAtMs: freeAt, ok: true });
  }
}

function steadyWait(random: Random, { utilization, serviceMeanMs }: QueueRun): number {
  if (utilization >= 1 || random() >= utilization) return 0;
  return (exponential(random) * serviceMeanMs) / (1 - utilization);
}

export const responseMs = ({ intendedAtMs, doneAtMs }: SimulatedRequest): number => doneAtMs - intendedAtMs;

/** Arrivals by their intended time and completions by their end, in windows; window -1 is the warm-up. */
export function flowWindows(
  requests: readonly SimulatedRequest[],
  durationMs: number,
  windowMs: number,
): (FlowWindow & { ok: number })[] {
  const count = Math.round(durationMs / windowMs);
  const windows = Array.from({ length: count + 1 }, (_, index) => ({
    startS: index === 0 ? -WARMUP_MS / 1000 : ((index - 1) * windowMs) / 1000,
    durationS: index === 0 ? WARMUP_MS / 1000 : windowMs / 1000,
    arrivals: 0,
    finished: 0,
    ok: 0,
  }));
  const at = (ms: number) => windows[ms < 0 ? 0 : 1 + Math.min(count - 1, Math.floor(ms / windowMs))];
  for (const { intendedAtMs, doneAtMs, ok } of requests) {
    const arrived = at(intendedAtMs);
    if (arrived !== undefined) arrived.arrivals++;
    const done = doneAtMs < durationMs ? at(doneAtMs) : undefined;
    if (done === undefined) continue;
    done.finished++;
    if (ok) done.ok++;
  }
  return windows;
}

/** Exactly sorted values behind the questions that `Buckets` answers, without its rounding and cheaper to make. */
export class ExactValues {
  readonly #sorted: Float64Array;

  constructor(valuesMs: readonly number[]) {
    this.#sorted = Float64Array.from(valuesMs).sort();
  }

  get count(): number {
    return this.#sorted.length;
  }

  valueAtRankMs(rank: number): number | undefined {
    return this.#sorted[Math.min(Math.max(rank, 1), this.count) - 1];
  }

  maxMs(): number | undefined {
    return this.#sorted[this.count - 1];
  }

  countAboveMs(limitMs: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? 0) > limitMs) high = middle;
      else low = middle + 1;
    }
    return this.count - low;
  }
}

/** Values grouped by the window of their end. */
export function valueWindows(
  requests: readonly SimulatedRequest[],
  durationMs: number,
  windowMs: number,
): ExactValues[] {
  const count = Math.round(durationMs / windowMs);
  const groups = Array.from({ length: count }, (): number[] => []);
  for (const request of requests) {
    groups[Math.min(count - 1, Math.floor(request.doneAtMs / windowMs))]?.push(responseMs(request));
  }
  return groups.map((values) => new ExactValues(values));
}

export type IntervalAt = (p: number) => ReturnType<typeof percentileInterval>;

/** Intervals as a case has them: by the design effect of the percentile and of those below it. */
export function intervalsOf(windows: readonly ExactValues[], all: ExactValues): IntervalAt {
  const levels = [0.5, 0.9, 0.95, 0.99];
  const dependences = new Map<number, Dependence>();
  let below: Dependence | undefined;
  for (const p of levels) {
    below = dependence(designEffect(windows, all.valueAtRankMs(rankOf(p * 100, all.count)) ?? 0), below);
    dependences.set(p, below);
  }
  return (p) => percentileInterval(all, 0, p, dependences.get(p));
}
