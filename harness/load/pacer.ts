/** Calls back when an arrival is due, and tells how late this thread reads answers. */
export interface Pacer {
  /** Path under /proc of a thread of its own, for its CPU time; undefined where there is none. */
  readonly taskPath: string | undefined;
  /** Wake-ups begin; probes lie on a grid from `firstProbeMs`. */
  begin(
    firstProbeMs: number,
    onWake: () => void,
    onProbe: (plannedAtMs: number, lagMs: number) => void,
  ): void;
  /** Instants in non-decreasing order. `publish` makes them known. */
  expect(dueMs: number): void;
  publish(): void;
  /** All told, how many of the expected instants have been acted upon. */
  dispatched(count: number): void;
  /** No wake-up and no probe comes after this call. */
  stop(): Promise<void>;
}

export const PROBE_INTERVAL_MS = 10;
