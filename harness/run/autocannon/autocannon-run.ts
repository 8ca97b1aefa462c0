import { calibratedClock, type NowMs } from '../../load/clock.ts';
import { threadTaskPath } from '../../load/thread.ts';
import { HISTOGRAMS, type HistogramName } from '../../measure/histogram-names.ts';
import { type PhaseEdges, phaseAt } from '../../measure/phases.ts';
import { Recorder } from '../../measure/recorder.ts';
import { Histogram } from '../../statistics/histogram.ts';
import { addressOf } from '../../transports/reachable-address.ts';
import { AbortWatch } from '../generator/abort-watch.ts';
import { GeneratorVitals } from '../generator/generator-vitals.ts';
import { recorderOptions } from '../generator/load-setup.ts';
import { ABORT_EVENT, type LoadAssignment, type LoadResult, type LoadWatch } from '../load-engine.ts';
import { requestPlan } from '../requests/request-plan.ts';
import { loadWindows } from '../results/load-windows.ts';
import { autocannon, WatchedClient } from './autocannon-client.ts';
import { judgeOf, requestOf, rowsOf } from './autocannon-requests.ts';

/** Why a case that autocannon drove has a service time only. */
const NO_PLAN = 'autocannon has a loop and a clock of its own: it knows no plan, so no lateness either';

const TICK_MS = 20;
const PROGRESS_MS = 1000;

/** autocannon in this thread: warm-up and measure phase are one run of it, told apart by when each request was sent. */
export async function runAutocannon(assignment: LoadAssignment, watch: LoadWatch): Promise<LoadResult> {
  const now = calibratedClock();
  const url = new URL(assignment.endpoint.url);
  url.hostname = await addressOf(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 80));
  const plan = requestPlan(assignment, (template) => ({ template }));
  const rows = rowsOf(plan);
  const warmupAtMs = Math.ceil(now());
  const measureAtMs = warmupAtMs + assignment.warmupMs;
  const edges = { warmupAtMs, measureAtMs, measureEndAtMs: measureAtMs + assignment.durationMs };
  // Nothing is good within a deadline that nobody can measure.
  const { goodWithinMs: _, ...withoutDeadline } = assignment;
  const recorder = new Recorder(recorderOptions(withoutDeadline, plan, edges));
  const options = {
    recorder,
    rows,
    judge: judgeOf(assignment),
    now,
    timeoutMs: assignment.timeoutMs,
    endAtMs: edges.measureEndAtMs,
  };
  const clients: WatchedClient[] = [];
  const peer = autocannon({
    url: url.href,
    connections: assignment.load.shape === 'closed' ? assignment.load.inFlight : 1,
    pipelining: 1,
    timeout: assignment.timeoutMs / 1000,
    // Ended by us, at the end of the measure phase.
    duration: 2 ** 20,
    sampleInt: TICK_MS,
    requests: [requestOf(plan, assignment, url.host)],
    setupClient(client) {
      clients.push(new WatchedClient(client, options));
    },
  });
  const run = new AutocannonRun({ assignment, watch, now, edges, recorder, clients });
  const result = await run.untilDone();
  peer.stop();
  return result;
}

interface RunParts {
  readonly assignment: LoadAssignment;
  readonly watch: LoadWatch;
  readonly now: NowMs;
  readonly edges: PhaseEdges;
  readonly recorder: Recorder;
  readonly clients: readonly WatchedClient[];
}

/** The phases around a loop that is not ours: when it is to stop, and what became of its requests. */
class AutocannonRun {
  readonly #parts: RunParts;
  readonly #vitals = new GeneratorVitals([threadTaskPath()]);
  readonly #abort: AbortWatch;
  readonly #events: { atS: number; message: string }[] = [];
  readonly #beganWallMs = Date.now();
  readonly #beganMs: number;
  readonly #tick: NodeJS.Timeout;
  #edges: PhaseEdges;
  #progressAtMs: number;
  #measuring = false;
  #stopping = false;
  #ok = 0;
  #notOk = 0;
  #endedEarly: string | undefined;
  #resolve: (result: LoadResult) => void = () => {};

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#edges = parts.edges;
    this.#beganMs = parts.now();
    this.#progressAtMs = parts.edges.warmupAtMs;
    this.#abort = new AbortWatch(parts.assignment.abort);
    this.#tick = setInterval(() => this.#look(), TICK_MS);
  }

  untilDone(): Promise<LoadResult> {
    const { watch, edges } = this.#parts;
    watch.onStart(edges);
    const drain = () => this.#endEarly('interrupted: drained what was in flight');
    const cancel = () => {
      this.#endEarly('interrupted: stopped at once');
      this.#finish('cancel');
    };
    watch.drain.addEventListener('abort', drain);
    watch.cancel.addEventListener('abort', cancel);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (watch.drain.aborted) drain();
      if (watch.cancel.aborted) cancel();
    });
  }

  #look(): void {
    const nowMs = this.#parts.now();
    const { assignment, clients } = this.#parts;
    if (phaseAt(this.#edges, nowMs) === 'measure' && !this.#measuring) {
      this.#measuring = true;
      this.#vitals.begin();
    }
    if (nowMs - this.#progressAtMs >= PROGRESS_MS) this.#progress(nowMs);
    if (nowMs >= this.#edges.measureEndAtMs) this.#stop();
    if (!this.#stopping) return;
    const drained = clients.every(({ active }) => !active);
    if (drained || nowMs >= this.#edges.measureEndAtMs + assignment.drainMs) this.#finish('leave');
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#vitals.end();
    for (const client of this.#parts.clients) client.finish();
  }

  #endEarly(reason: string): void {
    if (this.#stopping) return;
    const nowMs = this.#parts.now();
    this.#endedEarly = reason;
    this.#events.push({ atS: (nowMs - this.#parts.edges.measureAtMs) / 1000, message: reason });
    this.#edges = { ...this.#edges, measureEndAtMs: Math.max(nowMs, this.#edges.measureAtMs) };
    this.#parts.recorder.endMeasure(nowMs);
    this.#stop();
  }

  #progress(nowMs: number): void {
    const { recorder, watch, edges } = this.#parts;
    const recent = recorder.takeRecent();
    const sinceMs = nowMs - this.#progressAtMs;
    this.#ok += recent.ok;
    this.#notOk += recent.notOk;
    watch.onProgress({
      phase: phaseAt(this.#edges, nowMs),
      atS: (nowMs - edges.measureAtMs) / 1000,
      ok: this.#ok,
      notOk: this.#notOk,
      requestsPerS: (1000 * recent.ok) / sinceMs,
      responseP50Ms: undefined,
      responseP99Ms: undefined,
    });
    const sample = { ok: recent.ok, notOk: recent.notOk, responseP99Ms: undefined };
    const broken = this.#abort.observe(this.#progressAtMs, nowMs, sample);
    this.#progressAtMs = nowMs;
    if (broken !== undefined) this.#endEarly(`${ABORT_EVENT}${broken}`);
  }

  #finish(how: 'leave' | 'cancel'): void {
    clearInterval(this.#tick);
    const { clients, recorder, now } = this.#parts;
    for (const client of clients) client.close(how);
    const { cpuCores, eventLoopUtilization, gc } = this.#vitals.end();
    const endedAtMs = now();
    const { windows, ...recording } = recorder.close(endedAtMs);
    this.#resolve({
      ...recording,
      histograms: { ...recording.histograms, ...emptied() },
      responseMissing: NO_PLAN,
      instants: this.#edges,
      endedAtMs,
      durationMs: this.#edges.measureEndAtMs - this.#edges.measureAtMs,
      windows: loadWindows(windows),
      clock: { monotonicMs: now() - this.#beganMs, wallMs: Date.now() - this.#beganWallMs },
      connections: { opened: clients.length, connectMeanMs: undefined },
      generatorCpuCores: this.#measuring ? cpuCores : undefined,
      eventLoopUtilization,
      gc,
      events: this.#events,
      endedEarly: this.#endedEarly,
    });
  }
}

/** All but `service` and `allOutcomes`: with no plan they would read 0, or the service time once more. */
const UNKNOWN = HISTOGRAMS.filter((name) => name !== 'service' && name !== 'allOutcomes');

function emptied(): Partial<Record<HistogramName, string>> {
  const none = new Histogram();
  try {
    const encoded = none.encode();
    return Object.fromEntries(UNKNOWN.map((name) => [name, encoded]));
  } finally {
    none.destroy();
  }
}
