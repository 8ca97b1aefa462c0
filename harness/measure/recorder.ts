import type { Counts } from '../record/measured.ts';
import { Histogram, microseconds } from '../statistics/histogram.ts';
import { ClassRecorder, type ClassRecording } from './class-recorder.ts';
import { HISTOGRAMS, type HistogramName } from './histogram-names.ts';
import type { PhaseEdges } from './phases.ts';
import { phaseAt } from './phases.ts';
import type { RequestFacts } from './request-facts.ts';
import { Tally } from './tally.ts';
import { type WindowCounts, Windows } from './windows.ts';

export interface RecorderOptions {
  readonly edges: PhaseEdges;
  readonly windowMs: number;
  /** Names of the classes of a mix, counted apart; absent: all requests are of one class. */
  readonly classes?: readonly string[];
  readonly goodWithinMs: number | undefined;
}

export interface Recording {
  readonly counts: Counts;
  readonly warmupCounts: Counts;
  readonly rows: number;
  readonly goodRows: number | undefined;
  /** Of the ok requests of the measure phase. */
  readonly bodyBytes: BodyBytes;
  readonly completedInPhase: { requests: number; rows: number; allOutcomes: number };
  readonly histograms: Readonly<Record<HistogramName, string>>;
  readonly windows: readonly WindowCounts[];
  readonly clamped: { readonly negative: number; readonly aboveRange: number };
  /** Only of a mix. */
  readonly classes?: Readonly<Record<string, ClassRecording>>;
}

/** Bytes of bodies, without heads and frames. */
export interface BodyBytes {
  readonly sent: number;
  readonly received: number;
}

export interface Recent {
  readonly ok: number;
  readonly notOk: number;
  /** Timed out or never sent. */
  readonly censored: number;
  readonly responseP50Ms: number | undefined;
  readonly responseP99Ms: number | undefined;
  /** Base64 HdrHistogram of the ok response times, where asked for. */
  readonly response?: string;
}

/**
 * Adds up the facts of requests as they happen: `dispatched` or `unsent`, `sent`, then `finished` or `leftInFlight`,
 * each at most once a request. Constant time, fixed memory, nothing allocated per request, no clock of its own.
 * A request belongs to the phase of its intended instant, whenever it finishes.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #edges: PhaseEdges;
  readonly #histograms: Record<HistogramName, Histogram>;
  readonly #windows: Windows;
  readonly #warmup = new Tally();
  readonly #measure = new Tally();
  readonly #classes: readonly ClassRecorder[];
  readonly #recent = new Histogram();
  #recentNotOk = 0;
  #recentCensored = 0;
  #rows = 0;
  #goodRows = 0;
  #bytesOut = 0;
  #bytesIn = 0;
  #completedOk = 0;
  #completedRows = 0;
  #completedAll = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#edges = options.edges;
    this.#windows = new Windows(options.edges, options.windowMs);
    this.#classes = (options.classes ?? []).map(() => new ClassRecorder());
    this.#histograms = Object.fromEntries(HISTOGRAMS.map((name) => [name, new Histogram()])) as Record<
      HistogramName,
      Histogram
    >;
  }

  /** The arrival met the in-flight cap. */
  unsent(intendedAtMs: number, requestClass: number): void {
    this.#windows.arrival(intendedAtMs);
    this.#tallyOf(intendedAtMs).unsent += 1;
    this.#recentCensored += 1;
    this.#classes[requestClass]?.unsent(this.#isMeasured(intendedAtMs));
  }

  dispatched(facts: RequestFacts): void {
    this.#windows.arrived(facts);
    this.#tallyOf(facts.intendedAtMs).sent += 1;
    const measured = this.#isMeasured(facts.intendedAtMs);
    this.#classes[facts.requestClass]?.dispatched(measured);
    if (measured) {
      this.#histograms.dispatchLag.record(microseconds(facts.dispatchedAtMs - facts.intendedAtMs));
    }
  }

  sent(facts: RequestFacts): void {
    if (!this.#isMeasured(facts.intendedAtMs)) return;
    this.#histograms.sendLag.record(microseconds(facts.sentAtMs - facts.intendedAtMs));
    this.#histograms.connectionWait.record(microseconds(facts.sentAtMs - facts.dispatchedAtMs));
  }

  finished(facts: RequestFacts): void {
    const { intendedAtMs, doneAtMs, outcome, rows } = facts;
    const isOk = outcome === 'ok';
    const responseUs = microseconds(doneAtMs - intendedAtMs);
    this.#tallyOf(intendedAtMs).count(outcome);
    if (isOk) {
      this.#windows.ok(facts, responseUs);
      this.#recent.record(responseUs);
    } else {
      this.#windows.notOk(facts);
      this.#recentNotOk += 1;
      if (outcome === 'timeout') this.#recentCensored += 1;
    }
    if (doneAtMs >= this.#edges.measureAtMs && doneAtMs < this.#edges.measureEndAtMs) {
      this.#completedAll += 1;
      if (isOk) {
        this.#completedOk += 1;
        this.#completedRows += rows;
      }
    }
    const measured = this.#isMeasured(intendedAtMs);
    this.#classes[facts.requestClass]?.finished(facts, measured);
    if (!measured) return;
    this.#histograms.allOutcomes.record(responseUs);
    if (isOk) this.#okMeasured(facts, responseUs);
  }

  /** Still open when the drain ended: its latency is known only to be at least its age. */
  leftInFlight(facts: RequestFacts): void {
    this.#tallyOf(facts.intendedAtMs).inFlightAtEnd += 1;
    this.#classes[facts.requestClass]?.leftInFlight(this.#isMeasured(facts.intendedAtMs));
  }

  receiveLag(plannedAtMs: number, lagMs: number): void {
    if (phaseAt(this.#edges, plannedAtMs) === 'measure') this.#histograms.receiveLag.recordMs(lagMs);
  }

  /** What finished since the last call, whatever its phase; for progress and abort rules. Encoding takes 0.3 ms. */
  takeRecent(encoded = false): Recent {
    const recent = {
      ok: this.#recent.count,
      notOk: this.#recentNotOk,
      censored: this.#recentCensored,
      responseP50Ms: this.#recent.percentileMs(50),
      responseP99Ms: this.#recent.percentileMs(99),
      ...(encoded ? { response: this.#recent.encode() } : {}),
    };
    this.#recent.reset();
    this.#recentNotOk = 0;
    this.#recentCensored = 0;
    return recent;
  }

  /** Nothing is scheduled from now on: the measure phase ends before its planned end. */
  endMeasure(atMs: number): void {
    if (atMs >= this.#edges.measureEndAtMs) return;
    const endMs = Math.max(atMs, this.#edges.measureAtMs);
    this.#windows.endMeasure(endMs);
    this.#edges = { ...this.#edges, measureEndAtMs: endMs };
  }

  /** Takes the figures out and frees the histograms. */
  close(atMs: number): Recording {
    const all = HISTOGRAMS.map((name) => this.#histograms[name]);
    const { classes, goodWithinMs } = this.#options;
    const recording = {
      counts: this.#measure.counts(),
      warmupCounts: this.#warmup.counts(),
      rows: this.#rows,
      goodRows: goodWithinMs === undefined ? undefined : this.#goodRows,
      bodyBytes: { sent: this.#bytesOut, received: this.#bytesIn },
      completedInPhase: {
        requests: this.#completedOk,
        rows: this.#completedRows,
        allOutcomes: this.#completedAll,
      },
      histograms: Object.fromEntries(
        HISTOGRAMS.map((name) => [name, this.#histograms[name].encode()]),
      ) as Record<HistogramName, string>,
      windows: this.#windows.close(atMs),
      clamped: {
        negative: all.reduce((sum, histogram) => sum + histogram.negative, 0),
        aboveRange: all.reduce((sum, histogram) => sum + histogram.aboveRange, 0),
      },
    };
    for (const histogram of [...all, this.#recent]) histogram.destroy();
    if (classes === undefined) return recording;
    const recorded = this.#classes.map((one, position) => [classes[position] ?? '', one.close()] as const);
    return { ...recording, classes: Object.fromEntries(recorded) };
  }

  #okMeasured(
    { intendedAtMs, dispatchedAtMs, sentAtMs, doneAtMs, rows, bytesOut = 0, bytesIn = 0 }: RequestFacts,
    responseUs: number,
  ): void {
    const responseMs = doneAtMs - intendedAtMs;
    const { response, service, responseLessDispatchLag, responseLessConnectionWait } = this.#histograms;
    response.record(responseUs);
    service.record(microseconds(doneAtMs - sentAtMs));
    responseLessDispatchLag.record(microseconds(doneAtMs - dispatchedAtMs));
    responseLessConnectionWait.record(microseconds(responseMs - (sentAtMs - dispatchedAtMs)));
    this.#rows += rows;
    this.#bytesOut += bytesOut;
    this.#bytesIn += bytesIn;
    if (responseMs <= (this.#options.goodWithinMs ?? -1)) this.#goodRows += rows;
  }

  #isMeasured(intendedAtMs: number): boolean {
    return intendedAtMs >= this.#edges.measureAtMs;
  }

  /** Nothing is intended after the end of the measure phase. */
  #tallyOf(intendedAtMs: number): Tally {
    return intendedAtMs < this.#edges.measureAtMs ? this.#warmup : this.#measure;
  }
}
