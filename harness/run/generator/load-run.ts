import type { NowMs } from '../../load/clock.ts';
import { type Phase, type PhaseEdges, phaseAt } from '../../measure/phases.ts';
import type { Recorder } from '../../measure/recorder.ts';
import { SERVER_SAID } from '../../record/case-record.ts';
import type { Transport } from '../../transports/transport.ts';
import {
  ABORT_EVENT,
  type EndOrder,
  INTERRUPTED,
  type LoadAssignment,
  type LoadResult,
  type LoadWatch,
  orderIn,
} from '../load-engine.ts';
import { loadWindows } from '../results/load-windows.ts';
import { AbortWatch } from './abort-watch.ts';
import type { Driver } from './driver.ts';
import type { GeneratorVitals } from './generator-vitals.ts';
import { isAnsweredWhole, isDrained, type Standing } from './phase-ends.ts';
import type { RequestsInFlight } from './requests-in-flight.ts';

export interface LoadRunParts {
  readonly assignment: LoadAssignment;
  readonly edges: PhaseEdges;
  readonly now: NowMs;
  readonly driver: Driver;
  readonly flights: RequestsInFlight;
  readonly recorder: Recorder;
  readonly transport: Transport;
  readonly vitals: GeneratorVitals;
  readonly watch: LoadWatch;
}

const TICK_MS = 50;
const PROGRESS_MS = 1000;
/** A rule to stop by wants this many reports before its first look, no more often than four a second. */
const REPORTS_BEFORE_LOOK = 10;
const SHORTEST_PROGRESS_MS = 250;

/** The phases of one run: who acts is decided by time, by answers, by abort rules and by the user. */
export class LoadRun {
  readonly #parts: LoadRunParts;
  readonly #abort: AbortWatch;
  readonly #events: { atS: number; message: string }[] = [];
  readonly #beganMs: number;
  readonly #beganWallMs = Date.now();
  readonly #tick: NodeJS.Timeout;
  readonly #progressMs: number;
  readonly #onDrain = (): void => this.#endEarly(INTERRUPTED.drained, orderIn(this.#parts.watch.drain));
  readonly #onCancel = (): void => this.#cancel();
  #edges: PhaseEdges;
  /** When scheduling stops: the planned end of the measure phase, or earlier. */
  #drainFromMs: number;
  #measuring = false;
  #endedEarly: string | undefined;
  #progressAtMs: number;
  #ok = 0;
  #notOk = 0;
  #lastDoneMs = 0;
  #done = false;
  #resolve: (result: LoadResult) => void = () => {};

  constructor(parts: LoadRunParts) {
    this.#parts = parts;
    this.#edges = parts.edges;
    this.#drainFromMs = parts.edges.measureEndAtMs;
    this.#abort = new AbortWatch(parts.assignment.abort);
    this.#progressMs = progressMs(parts.assignment);
    this.#beganMs = parts.now();
    this.#progressAtMs = parts.edges.warmupAtMs;
    this.#tick = setInterval(() => this.#housekeeping(), TICK_MS);
    if (parts.assignment.keepAlive !== false && parts.transport.connectStatistics.opened === 0)
      this.#note('no connection could be opened beforehand');
  }

  untilDone(): Promise<LoadResult> {
    const { watch, edges } = this.#parts;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      watch.onStart(edges);
      watch.drain.addEventListener('abort', this.#onDrain);
      watch.cancel.addEventListener('abort', this.#onCancel);
      if (watch.drain.aborted) this.#onDrain();
      if (watch.cancel.aborted) this.#onCancel();
    });
  }

  /** The pacer says that something may be due. */
  wake(): void {
    if (!this.#done) this.#parts.driver.advance(this.#parts.now());
  }

  /** A request ended. What fell due since then is found at the next wake-up: another look at the clock costs more. */
  freed(doneAtMs: number): void {
    const { driver } = this.#parts;
    this.#lastDoneMs = doneAtMs;
    driver.freed(doneAtMs);
    if (!this.#done) driver.advance(doneAtMs);
  }

  #housekeeping(): void {
    const nowMs = this.#parts.now();
    this.wake();
    const phase = phaseAt(this.#edges, nowMs);
    if (phase === 'measure' && !this.#measuring) {
      this.#measuring = true;
      this.#parts.vitals.begin();
    }
    if (phase === 'drain') this.#parts.vitals.end();
    if (nowMs - this.#progressAtMs >= this.#progressMs) this.#progress(nowMs);
    const { load, drainMs } = this.#parts.assignment;
    if (load.shape === 'offline' && isAnsweredWhole(this.#standing(nowMs, phase)))
      this.#endMeasure(this.#lastDoneMs);
    const drain = { fromMs: this.#drainFromMs, atMostMs: drainMs };
    if (isDrained(this.#standing(nowMs, phase), drain)) this.#finish('leave');
  }

  #standing(nowMs: number, phase: Phase): Standing {
    const { driver, flights } = this.#parts;
    return { nowMs, phase, inFlight: flights.count, exhausted: driver.exhausted(nowMs) };
  }

  #progress(nowMs: number): void {
    const { assignment, recorder, watch } = this.#parts;
    const fromMs = this.#progressAtMs;
    const recent = recorder.takeRecent(assignment.generator.of > 1 || assignment.stop !== undefined);
    this.#progressAtMs = nowMs;
    this.#ok += recent.ok;
    this.#notOk += recent.notOk;
    watch.onProgress({
      phase: phaseAt(this.#edges, nowMs),
      atS: (nowMs - this.#edges.measureAtMs) / 1000,
      ok: this.#ok,
      notOk: this.#notOk,
      requestsPerS: (1000 * recent.ok) / (nowMs - fromMs),
      responseP50Ms: recent.responseP50Ms,
      responseP99Ms: recent.responseP99Ms,
      ...(recent.response === undefined
        ? {}
        : { recent: { notOk: recent.notOk, censored: recent.censored, response: recent.response } }),
    });
    const broken = this.#abort.observe(fromMs, nowMs, recent);
    if (broken !== undefined) this.#endEarly(`${ABORT_EVENT}${broken}`);
  }

  /** Stops scheduling, now or as ordered; what is in flight may still finish within the drain. */
  #endEarly(why: string, order?: EndOrder): void {
    const { now } = this.#parts;
    const { atMs, reason, isEnough }: EndOrder = order ?? { atMs: now(), reason: why };
    if (this.#done || this.#endedEarly !== undefined || atMs >= this.#edges.measureEndAtMs) return;
    this.wake();
    if (isEnough !== true) {
      this.#endedEarly = reason;
      this.#note(reason);
    }
    this.#endMeasure(atMs);
  }

  /** Nothing is due from then on. */
  #endMeasure(atMs: number): void {
    const { driver, recorder } = this.#parts;
    driver.stop(atMs);
    recorder.endMeasure(atMs);
    this.#drainFromMs = atMs;
    this.#edges = { ...this.#edges, measureEndAtMs: Math.max(atMs, this.#edges.measureAtMs) };
  }

  #cancel(): void {
    if (this.#done) return;
    this.#endEarly(INTERRUPTED.stopped, orderIn(this.#parts.watch.cancel));
    this.#endedEarly ??= INTERRUPTED.stoppedLate;
    this.#finish('cancel');
  }

  #note(message: string): void {
    this.#events.push({ atS: (this.#parts.now() - this.#parts.edges.measureAtMs) / 1000, message });
  }

  #finish(how: 'leave' | 'cancel'): void {
    const { flights, recorder, transport, vitals, watch, now } = this.#parts;
    this.#done = true;
    clearInterval(this.#tick);
    watch.drain.removeEventListener('abort', this.#onDrain);
    watch.cancel.removeEventListener('abort', this.#onCancel);
    for (const remark of [...(transport.remarks ?? []), ...flights.complaints])
      this.#note(`${SERVER_SAID}${remark}`);
    const { cpuCores, eventLoopUtilization, gc, lateWakes } = vitals.end();
    const clock = { monotonicMs: now() - this.#beganMs, wallMs: Date.now() - this.#beganWallMs };
    flights.close(how);
    const endedAtMs = now();
    const { windows, ...recording } = recorder.close(endedAtMs);
    this.#resolve({
      ...recording,
      instants: this.#edges,
      endedAtMs,
      durationMs: this.#edges.measureEndAtMs - this.#edges.measureAtMs,
      windows: loadWindows(windows),
      clock,
      connections: transport.connectStatistics,
      generatorCpuCores: this.#measuring ? cpuCores : undefined,
      eventLoopUtilization,
      gc,
      ...(lateWakes === undefined ? {} : { lateWakes }),
      events: this.#events,
      endedEarly: this.#endedEarly,
    });
  }
}

function progressMs({ stop }: LoadAssignment): number {
  if (stop === undefined) return PROGRESS_MS;
  return Math.min(PROGRESS_MS, Math.max(SHORTEST_PROGRESS_MS, stop.afterMs / REPORTS_BEFORE_LOOK));
}
