import { openSchedule } from '../../harness/load/schedule.ts';
import type { LoadAssignment, LoadEngine, LoadResult } from '../../harness/run/load-engine.ts';
import { loadResult } from './synthetic-load-result.ts';

/**
 * A load engine without sockets or time: one server, first in, first out, every row takes `serviceMs`, simulated over
 * the very arrivals that a real engine would send.
 */
export function queueEngine(
  serviceMs: number,
  change: (assignment: LoadAssignment, result: LoadResult) => LoadResult = (_, result) => result,
): LoadEngine {
  return {
    name: 'a simulated queue',
    run: async (assignment, { onStart }) => {
      const result = simulated(assignment, serviceMs);
      onStart(result.instants);
      return change(assignment, result);
    },
  };
}

function simulated(assignment: LoadAssignment, rowMs: number): LoadResult {
  const { load, seed, warmupMs, durationMs, windowMs, workload } = assignment;
  if (load.shape !== 'open') throw new Error('this engine knows open loads at a rate only');
  const rows = typeof workload.rows === 'number' ? workload.rows : 1;
  const schedule = openSchedule({ ...load, seed });
  const requests: { intendedAtMs: number; serviceMs: number }[] = [];
  let freeAtMs = 0;
  for (let at = schedule.next(); at < warmupMs + durationMs; at = schedule.next()) {
    freeAtMs = Math.max(freeAtMs, at) + rowMs * rows;
    if (at >= warmupMs) requests.push({ intendedAtMs: at - warmupMs, serviceMs: freeAtMs - at });
  }
  const result = loadResult({ durationMs, windowMs, requests });
  return { ...result, rows: result.rows * rows };
}
