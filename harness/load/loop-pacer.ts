import { type Pacer, PROBE_INTERVAL_MS } from './pacer.ts';

/** What sleeps until something is due, or until something else happens in this thread. */
export interface SleepingLoop {
  attend(dueAtMs: () => number, onDue: () => void): void;
  /** Calls `onTick` for each instant of a grid, with how late it was. */
  tick(firstAtMs: number, everyMs: number, onTick: (plannedAtMs: number, lagMs: number) => void): void;
  close(): void;
}

const FIRST_RING = 2048;

/** Paces by the loop that the sockets share: it sleeps until the next due instant, so nobody has to wake it. */
export class LoopPacer implements Pacer {
  readonly taskPath = undefined;
  readonly #loop: SleepingLoop;
  /** Ring of due instants; its length is a power of two. */
  #due = new Float64Array(FIRST_RING);
  #expected = 0;
  /** So many have been dealt with: dispatched, or woken for in vain because nothing is sent any more. */
  #past = 0;

  constructor(loop: SleepingLoop) {
    this.#loop = loop;
  }

  begin(
    firstProbeMs: number,
    onWake: () => void,
    onProbe: (plannedAtMs: number, lagMs: number) => void,
  ): void {
    const onDue = (): void => {
      const before = this.#past;
      onWake();
      if (this.#past === before) this.#past += 1;
    };
    this.#loop.attend(() => this.#nextDueMs(), onDue);
    this.#loop.tick(firstProbeMs, PROBE_INTERVAL_MS, onProbe);
  }

  expect(dueMs: number): void {
    if (this.#expected - this.#past === this.#due.length) this.#grow();
    this.#due[this.#expected & (this.#due.length - 1)] = dueMs;
    this.#expected += 1;
  }

  publish(): void {}

  dispatched(count: number): void {
    this.#past = Math.max(this.#past, count);
  }

  async stop(): Promise<void> {
    this.#loop.close();
  }

  #nextDueMs(): number {
    if (this.#past >= this.#expected) return Number.POSITIVE_INFINITY;
    return this.#due[this.#past & (this.#due.length - 1)] ?? Number.POSITIVE_INFINITY;
  }

  #grow(): void {
    const old = this.#due;
    this.#due = new Float64Array(old.length * 2);
    for (let at = this.#past; at < this.#expected; at++) {
      this.#due[at & (this.#due.length - 1)] = old[at & (old.length - 1)] ?? 0;
    }
  }
}
