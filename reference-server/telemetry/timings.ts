import type { InferTimings } from '../infer.ts';

/** What is read and waited on, handed in so that tests can run on a virtual clock. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Milliseconds that this thread has been at work rather than waiting for something to happen. */
  busyMs(): number;
  /** Calls `wake` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, wake: () => void): () => void;
  /** Calls `wake` once, when what has arrived by now has been read. */
  soon(wake: () => void): void;
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  busyMs: () => performance.eventLoopUtilization().active,
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
  soon(wake) {
    setImmediate(wake);
  },
};

export function newTimings(): InferTimings {
  return { queueNs: 0, handoverNs: 0, computeNs: 0, batchRows: 0, answeredBy: 'model', ageMs: undefined };
}

export function nsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) * 1e6));
}
