import { payloadOf, slotsAtWork } from '../../load/closed.ts';
import type { Pacer } from '../../load/pacer.ts';
import type { Dispatch, Driver } from './driver.ts';

export interface ClosedDriverOptions {
  /** Slots of this generator; its slot s is slot index + s x of of the whole. */
  readonly slots: number;
  readonly generator: { readonly index: number; readonly of: number };
  readonly inFlight: number;
  readonly thinkTimeMs: number;
  readonly startAtMs: number;
  readonly warmupMs: number;
  readonly endAtMs: number;
  readonly pacer: Pacer;
  readonly dispatch: Dispatch;
}

/**
 * Closed loop: a slot asks again, its think time after its answer. Slots are interchangeable, so a queue of free
 * instants is enough; think time is constant, so they come in order and a ring holds them.
 */
export class ClosedDriver implements Driver {
  readonly #options: ClosedDriverOptions;
  readonly #due: Float64Array;
  #oldest = 0;
  #waiting = 0;
  #atWork = 0;
  #dispatched = 0;
  #endAtMs: number;

  constructor(options: ClosedDriverOptions) {
    this.#options = options;
    this.#due = new Float64Array(Math.max(1, options.slots));
    this.#endAtMs = options.endAtMs;
  }

  exhausted(nowMs: number): boolean {
    return nowMs >= this.#endAtMs;
  }

  advance(nowMs: number): void {
    if (nowMs < this.#options.startAtMs) return;
    const { startAtMs, warmupMs, slots } = this.#options;
    if (this.#atWork < slots) {
      const wanted = slotsAtWork(nowMs - startAtMs, warmupMs, slots);
      for (; this.#atWork < wanted; this.#atWork++) this.#wait(nowMs);
    }
    // A round at most: a refused connection frees its slot at once, and must not keep us here.
    for (let round = this.#waiting; round > 0; round--) {
      const dueMs = this.#due[this.#oldest] ?? 0;
      if (dueMs > nowMs || dueMs >= this.#endAtMs) break;
      this.#oldest = (this.#oldest + 1) % this.#due.length;
      this.#waiting -= 1;
      this.#send(dueMs);
    }
  }

  freed(doneAtMs: number): void {
    const { thinkTimeMs, pacer } = this.#options;
    const dueMs = doneAtMs + thinkTimeMs;
    this.#wait(dueMs);
    if (thinkTimeMs === 0) return;
    pacer.expect(dueMs);
    pacer.publish();
  }

  stop(atMs: number): void {
    this.#endAtMs = Math.min(this.#endAtMs, atMs);
  }

  #wait(dueMs: number): void {
    this.#due[(this.#oldest + this.#waiting) % this.#due.length] = dueMs;
    this.#waiting += 1;
  }

  #send(dueMs: number): void {
    const { generator, inFlight, slots, thinkTimeMs, dispatch, pacer } = this.#options;
    const slot = generator.index + (this.#dispatched % slots) * generator.of;
    const index = payloadOf(slot, Math.floor(this.#dispatched / slots), inFlight);
    this.#dispatched += 1;
    // The first request of each slot was not announced to the pacer.
    if (thinkTimeMs > 0) pacer.dispatched(Math.max(0, this.#dispatched - this.#atWork));
    dispatch(dueMs, index);
  }
}
