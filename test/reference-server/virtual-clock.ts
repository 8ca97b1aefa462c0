import type { Clock } from '../../reference-server/telemetry/timings.ts';

interface Timer {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that passes only when told to; what promises set off is settled before the next timer. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  /** Whoever lets time pass here is at work. */
  busyMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(wake: () => void): void {
    this.after(0, wake);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  async runUntilIdle(afterEvent: () => void = () => {}): Promise<void> {
    await settle();
    for (;;) {
      const next = [...this.#timers].reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
        undefined,
      );
      if (next === undefined) return;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      await settle();
      afterEvent();
    }
  }
}

/** Lets every promise that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
