import { Histogram } from '../../statistics/histogram.ts';
import { WorldChanges } from '../../workload/world-changes.ts';
import type { StaleFacts } from '../load-engine.ts';

/** Payloads are counted in so many groups, each by itself: what is stale of one payload is so many times over. */
const GROUPS = 32;

export interface StalenessOptions {
  /** Mean times between two changes of what lies behind a payload. */
  readonly changeEveryMs: readonly number[];
  /** From which the worlds are drawn. */
  readonly salt: number;
  readonly payloadOf: (index: number) => number;
  /** When the worlds begin, the same for all generators, and from when on requests are measured. */
  readonly beginAtMs: number;
  readonly measureAtMs: number;
}

interface AskedRequest {
  readonly index: number;
  readonly intendedAtMs: number;
  readonly sentAtMs: number;
}

/**
 * Counts the ok answers of the measure phase that were stale: what lies behind their payload had changed between the
 * beginning of their computation and the sending of the request. One that was computed for its request is never stale,
 * whatever happens while it is on its way.
 *
 * A server tells the age at which an answer met its request, which was sent a little before. Counted from the sending, as
 * here, an answer seems to have begun earlier than it did by that way and its queue: rather too many are stale than too
 * few, by at most that time / the time between two changes.
 */
export class Staleness {
  readonly #options: StalenessOptions;
  readonly #ages = new Histogram();
  readonly #answers = new Uint32Array(GROUPS);
  readonly #worlds: readonly WorldChanges[];
  readonly #stale: readonly Uint32Array[];

  constructor(options: StalenessOptions) {
    this.#options = options;
    this.#worlds = options.changeEveryMs.map((everyMs, at) => new WorldChanges(everyMs, options.salt + at));
    this.#stale = this.#worlds.map(() => new Uint32Array(GROUPS));
  }

  /** `ageUs`: below 0 where the answer was computed for this request. Allocates nothing. */
  answered({ index, intendedAtMs, sentAtMs }: AskedRequest, ageUs: number): void {
    const { payloadOf, beginAtMs, measureAtMs } = this.#options;
    if (intendedAtMs < measureAtMs) return;
    const payload = payloadOf(index);
    const group = payload % GROUPS;
    addOne(this.#answers, group);
    if (ageUs < 0) return;
    this.#ages.record(ageUs);
    const untilMs = sentAtMs - beginAtMs;
    const fromMs = untilMs - ageUs / 1000;
    for (let at = 0; at < this.#worlds.length; at++) {
      if (this.#worlds[at]?.changed(payload, fromMs, untilMs) === true) addOne(this.#stale[at], group);
    }
  }

  /** Takes the figures out and frees the histogram. */
  close(): StaleFacts {
    const ages = this.#ages.encode();
    this.#ages.destroy();
    return {
      ages,
      answers: [...this.#answers],
      changes: this.#options.changeEveryMs.map((everyMs, at) => ({
        everyMs,
        stale: [...(this.#stale[at] ?? [])],
      })),
    };
  }
}

function addOne(counts: Uint32Array | undefined, at: number): void {
  if (counts !== undefined) counts[at] = (counts[at] ?? 0) + 1;
}
