import type { Counts } from '../record/measured.ts';
import { Histogram } from '../statistics/histogram.ts';
import type { RequestFacts } from './request-facts.ts';
import { Tally } from './tally.ts';

/** One class of a mix over the measure phase, and how its warm-up was counted. */
export interface ClassRecording {
  readonly counts: Counts;
  readonly warmupCounts: Counts;
  /** Rows of ok requests. */
  readonly rows: number;
  /** Base64 HdrHistogram of the ok response times, in microseconds. */
  readonly response: string;
}

/** The requests of one class: counts and response times. One histogram, nothing allocated per request. */
export class ClassRecorder {
  readonly #warmup = new Tally();
  readonly #measure = new Tally();
  readonly #response = new Histogram();
  #rows = 0;

  unsent(measured: boolean): void {
    this.#tallyOf(measured).unsent += 1;
  }

  dispatched(measured: boolean): void {
    this.#tallyOf(measured).sent += 1;
  }

  finished({ outcome, intendedAtMs, doneAtMs, rows }: RequestFacts, measured: boolean): void {
    this.#tallyOf(measured).count(outcome);
    if (!measured || outcome !== 'ok') return;
    this.#response.recordMs(doneAtMs - intendedAtMs);
    this.#rows += rows;
  }

  leftInFlight(measured: boolean): void {
    this.#tallyOf(measured).inFlightAtEnd += 1;
  }

  /** Takes the figures out and frees the histogram. */
  close(): ClassRecording {
    const recording = {
      counts: this.#measure.counts(),
      warmupCounts: this.#warmup.counts(),
      rows: this.#rows,
      response: this.#response.encode(),
    };
    this.#response.destroy();
    return recording;
  }

  #tallyOf(measured: boolean): Tally {
    return measured ? this.#measure : this.#warmup;
  }
}
