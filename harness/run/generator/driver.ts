/** Decides which requests are due; acts only through the `dispatch` that it was given. */
export interface Driver {
  /** Dispatches all that is due at `nowMs`. Called at every wake-up and after every answer. */
  advance(nowMs: number): void;
  /** A request ended: what waits for that is due from now on. */
  freed(doneAtMs: number): void;
  /** True when nothing will be dispatched any more. */
  exhausted(nowMs: number): boolean;
  /** Nothing that is due after `atMs` is dispatched. */
  stop(atMs: number): void;
}

export type Dispatch = (intendedAtMs: number, index: number) => void;
