import { slotsOf } from '../../load/closed.ts';
import { phaseAt } from '../../measure/phases.ts';
import { hrtimeMs } from '../../probes/probe-loop.ts';
import { Histogram } from '../../statistics/histogram.ts';
import { AbortWatch } from '../generator/abort-watch.ts';
import {
  ABORT_EVENT,
  type EndOrder,
  INTERRUPTED,
  type LoadAssignment,
  type LoadProgress,
  type LoadResult,
  type LoadWatch,
  type PhaseInstants,
} from '../load-engine.ts';
import { mergeResults } from '../results/merge-results.ts';
import { PrecisionWatch } from './precision-watch.ts';

/** From all being connected to the common zero of their schedules; a thread may be busy for some of it. */
const LEAD_MS = 60;
/** From an order to end to the common instant at which it counts. */
const NOTICE_MS = 120;
/** A generator that has not reported for so long is not waited for. */
const LONGEST_SILENCE_MS = 2500;

type DriveOne = (assignment: LoadAssignment, watch: LoadWatch) => Promise<LoadResult>;

/**
 * Several generators over one global schedule, as one: each takes every n-th arrival and its share of what the
 * assignment allows; all begin and end at the same instants; abort rules, and the rule to stop by, look at them
 * together. One alone is driven so where there is a rule to stop by.
 *
 *     generator 0   connect ----- ready |            | arrivals 0, 2, 4 ...      | drain  result \
 *     generator 1   connect - ready     |  start at  | arrivals 1, 3, 5 ...      | drain  result  > merged
 *                                       `------------'     an order to end names its instant    /
 */
export async function runTogether(
  assignment: LoadAssignment,
  watch: LoadWatch,
  driveOne: DriveOne,
): Promise<LoadResult> {
  const parts = sharesOf(assignment);
  const together = new Together(assignment, watch, parts.length);
  try {
    const running = parts.map((part) => driveOne(part, together.watch(part.generator.index)));
    for (const one of running) one.catch(() => together.giveUp());
    await Promise.allSettled(running);
    return together.ended(mergeResults(await Promise.all(running)));
  } finally {
    together.close();
  }
}

/** What each generator is told: its slice of the arrivals, its share of the limits, its cores. */
export function sharesOf(assignment: LoadAssignment): LoadAssignment[] {
  const { generators: of = 1, cpus = [], ...shared } = assignment;
  return Array.from({ length: of }, (_, index) => {
    const own = cpus.filter((_, at) => at % of === index);
    return {
      ...shared,
      generator: { index, of },
      // The rules are about all of them.
      abort: [],
      maxInFlight: slotsOf(shared.maxInFlight, index, of),
      ...(shared.connections === undefined ? {} : { connections: slotsOf(shared.connections, index, of) }),
      ...(cpus.length === 0 ? {} : { cpus: own.length === 0 ? cpus : own }),
    };
  });
}

class Together {
  readonly #watch: LoadWatch;
  readonly #count: number;
  readonly #abort: AbortWatch;
  readonly #precision: PrecisionWatch | undefined;
  readonly #drain = new AbortController();
  readonly #cancel = new AbortController();
  readonly #recent = new Histogram();
  readonly #start: Promise<number>;
  #resolveStart: (atMs: number) => void = () => {};
  #ready = 0;
  #instants: PhaseInstants | undefined;
  #progressAtMs = 0;
  #ok = 0;
  #notOk = 0;
  #recentNotOk = 0;
  #recentCensored = 0;
  readonly #reported = new Set<number>();
  readonly #onDrain = (): void => this.#end(INTERRUPTED.drained);
  readonly #onCancel = (): void => this.#cancel.abort(orderAt(hrtimeMs(), INTERRUPTED.stopped));

  constructor(assignment: LoadAssignment, watch: LoadWatch, count: number) {
    this.#watch = watch;
    this.#count = count;
    this.#abort = new AbortWatch(assignment.abort);
    this.#precision = assignment.stop === undefined ? undefined : new PrecisionWatch(assignment.stop);
    this.#start = new Promise((resolve) => {
      this.#resolveStart = resolve;
    });
    watch.drain.addEventListener('abort', this.#onDrain);
    watch.cancel.addEventListener('abort', this.#onCancel);
    if (watch.drain.aborted) this.#onDrain();
    if (watch.cancel.aborted) this.#onCancel();
  }

  /** For one of the generators. */
  watch(index: number): LoadWatch {
    return {
      drain: this.#drain.signal,
      cancel: this.#cancel.signal,
      startTogether: () => {
        this.#ready += 1;
        if (this.#ready === this.#count) this.#resolveStart(Math.ceil(hrtimeMs() + LEAD_MS));
        return this.#start;
      },
      onStart: (instants) => this.#started(instants),
      onProgress: (progress) => this.#progress(index, progress),
    };
  }

  /** One of them failed: the others neither wait for it nor go on. */
  giveUp(): void {
    this.#resolveStart(hrtimeMs());
    this.#onCancel();
  }

  close(): void {
    this.#watch.drain.removeEventListener('abort', this.#onDrain);
    this.#watch.cancel.removeEventListener('abort', this.#onCancel);
    this.#recent.destroy();
    this.#precision?.close();
  }

  /** The result, with how the rule to stop by ended it. */
  ended(result: LoadResult): LoadResult {
    if (this.#precision === undefined) return result;
    return { ...result, stopped: this.#precision.stopped(result.durationMs, result.endedEarly) };
  }

  #started(instants: PhaseInstants): void {
    if (this.#instants !== undefined) return;
    this.#instants = instants;
    this.#progressAtMs = instants.warmupAtMs;
    this.#watch.onStart(instants);
  }

  #end(reason: string, isEnough = false): void {
    if (this.#drain.signal.aborted) return;
    const order = orderAt(hrtimeMs() + NOTICE_MS, reason);
    this.#drain.abort(isEnough ? { ...order, isEnough } : order);
  }

  /** Each reports about once a second; when all have, that is one report, passed on and held against the rules. */
  #progress(index: number, { recent }: LoadProgress): void {
    if (recent === undefined || this.#instants === undefined) return;
    const part = Histogram.decode(recent.response);
    this.#recent.merge(part);
    part.destroy();
    this.#recentNotOk += recent.notOk;
    this.#recentCensored += recent.censored;
    const nowMs = hrtimeMs();
    this.#reported.add(index);
    const isWhole = this.#reported.size === this.#count;
    if (isWhole || nowMs - this.#progressAtMs >= LONGEST_SILENCE_MS)
      this.#report(this.#instants, this.#progressAtMs, nowMs);
  }

  #report(instants: PhaseInstants, fromMs: number, nowMs: number): void {
    const ok = this.#recent.count;
    this.#ok += ok;
    this.#notOk += this.#recentNotOk;
    this.#watch.onProgress({
      phase: phaseAt(instants, nowMs),
      atS: (nowMs - instants.measureAtMs) / 1000,
      ok: this.#ok,
      notOk: this.#notOk,
      requestsPerS: (1000 * ok) / (nowMs - fromMs),
      responseP50Ms: this.#recent.percentileMs(50),
      responseP99Ms: this.#recent.percentileMs(99),
    });
    const end = this.#whyToEnd(instants, fromMs, nowMs);
    this.#progressAtMs = nowMs;
    this.#reported.clear();
    this.#recent.reset();
    this.#recentNotOk = 0;
    this.#recentCensored = 0;
    if (end !== undefined) this.#end(end.reason, end.isEnough);
  }

  /** Holds what is reported against the rules; a broken one goes before enough. */
  #whyToEnd(
    { measureAtMs }: PhaseInstants,
    fromMs: number,
    nowMs: number,
  ): { reason: string; isEnough: boolean } | undefined {
    const response = this.#recent;
    const broken = this.#abort.observe(fromMs, nowMs, {
      ok: response.count,
      notOk: this.#recentNotOk,
      responseP99Ms: response.percentileMs(99),
    });
    const isPrecise = this.#precision?.observe(fromMs - measureAtMs, nowMs - measureAtMs, {
      response,
      censored: this.#recentCensored,
    });
    if (broken !== undefined) return { reason: `${ABORT_EVENT}${broken}`, isEnough: false };
    return isPrecise === true ? { reason: 'precise', isEnough: true } : undefined;
  }
}

function orderAt(atMs: number, reason: string): EndOrder {
  return { atMs: Math.ceil(atMs), reason };
}
