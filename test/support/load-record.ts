import type { LoadRecord } from '../../harness/record/load-record.ts';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';

/** How a record tells this assignment's load. */
export function loadRecordOf(given: LoadAssignment): LoadRecord {
  const shared = {
    label: 'test',
    connections: given.connections ?? given.maxInFlight,
    maxInFlight: given.maxInFlight,
    timeoutMs: given.timeoutMs,
    seed: given.seed,
  };
  const { load } = given;
  if (load.shape === 'closed') return { ...shared, ...load };
  if (load.shape === 'offline') return { ...shared, shape: 'closed', inFlight: load.samples };
  if (load.shape === 'replay') return { ...shared, shape: 'replay' };
  if (load.shape === 'law') return { ...shared, shape: load.law.shape };
  return {
    ...shared,
    shape: load.arrivals === 'even' ? 'constant' : 'poisson',
    resolvedRate: load.requestsPerS,
  };
}
