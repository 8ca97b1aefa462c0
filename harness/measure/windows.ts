import { Histogram } from '../statistics/histogram.ts';
import type { Phase, PhaseEdges } from './phases.ts';
import type { RequestFacts } from './request-facts.ts';

/** One stretch of time, in milliseconds from the start of the measure phase. */
export interface WindowCounts {
  readonly startMs: number;
  endMs: number;
  readonly phase: Phase;
  /** By intendedAt, unsent included. */
  arrivals: number;
  /** By doneAt. */
  ok: number;
  notOk: number;
  rows: number;
  /** Base64 HdrHistogram of the ok response times. */
  response: string;
}

const MOST_WINDOWS = 600;

/** Doubled until a run has at most 600 windows: as if neighbours had been merged, without the cost during the run. */
export function windowLengthMs(wishedMs: number, totalMs: number): number {
  let lengthMs = wishedMs;
  while (totalMs / lengthMs > MOST_WINDOWS) lengthMs *= 2;
  return lengthMs;
}

/**
 * Counts by time. An arrival belongs to the window of its intended instant, a completion to that of its end; so only
 * one window, that of the newest completion, receives response times, and one histogram serves them all.
 *
 *     warm-up          measure                 drain
 *     |--|----|----|   |----|----|----|--|     |----|----|
 *     cut at the front: edges lie at multiples of the length from the start of each phase
 */
export class Windows {
  #edges: PhaseEdges;
  readonly #lengthMs: number;
  readonly #windows: WindowCounts[] = [];
  readonly #live = new Histogram();
  #empty: string;
  #newest: WindowCounts;
  /** The window whose response times are being collected. */
  #timed: WindowCounts;

  constructor(edges: PhaseEdges, lengthMs: number) {
    this.#edges = edges;
    this.#lengthMs = lengthMs;
    this.#empty = this.#live.encode();
    this.#newest = this.#append(edges.warmupAtMs);
    this.#timed = this.#newest;
  }

  arrival(intendedAtMs: number): void {
    this.#windowOf(intendedAtMs).arrivals += 1;
  }

  /** Facts are handed over whole: their instants would be boxed on the way. */
  arrived(facts: RequestFacts): void {
    this.#windowOf(facts.intendedAtMs).arrivals += 1;
  }

  ok(facts: RequestFacts, responseUs: number): void {
    const window = this.#windowOf(facts.doneAtMs);
    window.ok += 1;
    window.rows += facts.rows;
    if (window.startMs > this.#timed.startMs) this.#time(window);
    this.#live.record(responseUs);
  }

  notOk(facts: RequestFacts): void {
    this.#windowOf(facts.doneAtMs).notOk += 1;
  }

  /** The measure phase ends now instead of at its planned end. */
  endMeasure(atMs: number): void {
    this.#windowOf(atMs);
    this.#edges = { ...this.#edges, measureEndAtMs: atMs };
    this.#newest.endMs = Math.max(this.#newest.startMs, atMs - this.#edges.measureAtMs);
  }

  /** Every window so far; the object is of no further use. */
  close(atMs: number): readonly WindowCounts[] {
    this.#time(this.#windowOf(atMs));
    this.#newest.endMs = Math.min(this.#newest.endMs, atMs - this.#edges.measureAtMs);
    this.#live.destroy();
    return this.#windows.filter((window) => window.endMs > window.startMs || window.arrivals > 0);
  }

  #windowOf(atMs: number): WindowCounts {
    const offsetMs = atMs - this.#edges.measureAtMs;
    const newest = this.#newest;
    return offsetMs >= newest.startMs && offsetMs < newest.endMs ? newest : this.#otherWindow(offsetMs);
  }

  #otherWindow(offsetMs: number): WindowCounts {
    while (offsetMs >= this.#newest.endMs) this.#roll();
    if (offsetMs >= this.#newest.startMs) return this.#newest;
    for (let at = this.#windows.length - 2; at > 0; at--) {
      const window = this.#windows[at];
      if (window !== undefined && offsetMs >= window.startMs) return window;
    }
    return this.#windows[0] ?? this.#newest;
  }

  #roll(): void {
    this.#newest = this.#append(this.#newest.endMs + this.#edges.measureAtMs);
  }

  /** The times so far belong to the window before; what comes now belongs to `window`. */
  #time(window: WindowCounts): void {
    if (this.#live.count > 0) {
      this.#timed.response = this.#live.encode();
      this.#live.reset();
    }
    this.#timed = window;
  }

  #append(startAtMs: number): WindowCounts {
    const { measureAtMs, measureEndAtMs } = this.#edges;
    const startMs = startAtMs - measureAtMs;
    const plannedMs = measureEndAtMs - measureAtMs;
    const phase: Phase = startMs < 0 ? 'warmup' : startMs < plannedMs ? 'measure' : 'drain';
    const zeroMs = phase === 'drain' ? plannedMs : 0;
    const gridMs = zeroMs + (Math.floor((startMs - zeroMs) / this.#lengthMs + 1e-9) + 1) * this.#lengthMs;
    const endMs = phase === 'drain' ? gridMs : Math.min(gridMs, phase === 'warmup' ? 0 : plannedMs);
    const counts = { arrivals: 0, ok: 0, notOk: 0, rows: 0, response: this.#empty };
    const window = { startMs, endMs, phase, ...counts };
    this.#windows.push(window);
    return window;
  }
}
