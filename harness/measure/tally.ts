import type { Counts } from '../record/measured.ts';
import type { Outcome } from '../transports/transport.ts';

/** Conservation by construction: scheduled = sent + unsent; sent = everything counted + inFlightAtEnd. */
export class Tally {
  sent = 0;
  unsent = 0;
  inFlightAtEnd = 0;
  finished = 0;
  readonly #byOutcome: Partial<Record<Outcome, number>> = {};

  get ok(): number {
    return this.#byOutcome.ok ?? 0;
  }

  count(outcome: Outcome): void {
    this.finished += 1;
    this.#byOutcome[outcome] = (this.#byOutcome[outcome] ?? 0) + 1;
  }

  counts(): Counts {
    const timedOut = this.#byOutcome.timeout ?? 0;
    const cancelled = this.#byOutcome.cancelled ?? 0;
    return {
      scheduled: this.sent + this.unsent,
      sent: this.sent,
      unsent: this.unsent,
      ok: this.ok,
      failed: this.finished - this.ok - timedOut - cancelled,
      timedOut,
      cancelled,
      inFlightAtEnd: this.inFlightAtEnd,
      byOutcome: { ...this.#byOutcome },
    };
  }
}
