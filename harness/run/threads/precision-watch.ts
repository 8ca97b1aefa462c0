import type { StopRecord } from '../../record/case-record.ts';
import type { Buckets } from '../../statistics/buckets.ts';
import { Histogram } from '../../statistics/histogram.ts';
import { looksMs, precisionNow, type StopRule, tailAmong } from '../../statistics/stopping.ts';

/** Windows before the first look. */
const WINDOWS = 10;

/** Finds the moment at which a percentile is known well enough. No clock of its own; `close()` when done. */
export class PrecisionWatch {
  readonly #rule: StopRule;
  readonly #looksMs: readonly number[];
  readonly #windows: Buckets[] = [];
  readonly #all = new Histogram();
  readonly #window = new Histogram();
  #windowFromMs = 0;
  #censored = 0;
  #looked = 0;
  #isPrecise = false;

  constructor(rule: StopRule) {
    this.#rule = rule;
    this.#looksMs = looksMs(rule);
  }

  /**
   * Takes what finished between two instants, in milliseconds from the start of the measure phase; what begins before it
   * is not looked at. Says whether this is a moment of the plan at which the percentile is precise.
   */
  observe(fromMs: number, toMs: number, recent: { response: Histogram; censored: number }): boolean {
    if (fromMs < 0 || this.#isPrecise) return false;
    this.#all.merge(recent.response);
    this.#window.merge(recent.response);
    this.#censored += recent.censored;
    if (toMs - this.#windowFromMs >= this.#rule.afterMs / WINDOWS) {
      this.#windows.push(this.#window.buckets());
      this.#window.reset();
      this.#windowFromMs = toMs;
    }
    if (toMs < (this.#looksMs[this.#looked] ?? this.#rule.atMostMs)) return false;
    while (toMs >= (this.#looksMs[this.#looked] ?? Infinity)) this.#looked += 1;
    this.#isPrecise = (this.#precision() ?? Infinity) <= this.#rule.precision;
    return this.#isPrecise;
  }

  /** What the record says of it. */
  stopped(durationMs: number, endedEarly: string | undefined): StopRecord {
    const { of, precision: asked } = this.#rule;
    const precision = this.#precision();
    // The end is the last look of the plan.
    const reached = (precision ?? Infinity) <= asked ? 'precise' : 'max-duration';
    return {
      reason: endedEarly === undefined ? reached : 'ended-early',
      of,
      asked,
      precision: precision ?? { missing: 'the percentile has no interval with two ends' },
      atS: durationMs / 1000,
      looks: this.#looksMs.length,
    };
  }

  close(): void {
    this.#all.destroy();
    this.#window.destroy();
  }

  #precision(): number | undefined {
    const seen = { windows: this.#windows, all: this.#all.buckets(), censored: this.#censored };
    return precisionNow(seen, this.#rule, tailAmong(this.#looksMs.length));
  }
}
