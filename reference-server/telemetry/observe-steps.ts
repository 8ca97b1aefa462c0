import type { Observe } from '../pipeline/run-graph.ts';
import type { ModelStatistics } from './statistics.ts';
import { type Clock, nsBetween } from './timings.ts';

/** Counts every run of a step, and how long it took, however it ends. */
export function observeSteps(statistics: ModelStatistics, clock: Clock): Observe {
  return (label, run) => {
    const startedAtMs = clock.nowMs();
    const ended = (failed: boolean) =>
      statistics.stepRan(label, nsBetween(startedAtMs, clock.nowMs()), failed);
    try {
      const given = run();
      if (given instanceof Promise) {
        given.then(
          () => ended(false),
          () => ended(true),
        );
      } else ended(false);
      return given;
    } catch (error) {
      ended(true);
      throw error;
    }
  };
}
