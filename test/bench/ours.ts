import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { runLoad } from '../support/assignment.ts';
import { percentileMs } from '../support/load-figures.ts';

/** `node ours.js '<LoadAssignment>'`: one load by the product's own engine; the counts of all phases on one line. SIGTERM drains. */
export interface OursSays {
  readonly ok: number;
  readonly failed: number;
  readonly dispatchLagP99Ms: number;
  readonly generatorCpuCores: number | undefined;
  /** Histograms that the generator made and did not destroy. */
  readonly undestroyedHistograms: number;
}

const given = JSON.parse(process.argv[2] ?? '{}') as LoadAssignment;
const drain = new AbortController();
process.once('SIGTERM', () => drain.abort());
const result = await runLoad(given, { drain: drain.signal });
const sent = result.counts.sent + result.warmupCounts.sent;
const ok = result.counts.ok + result.warmupCounts.ok;
const says: OursSays = {
  ok,
  failed: sent - ok + result.counts.unsent,
  dispatchLagP99Ms: percentileMs(result, 'dispatchLag', 99),
  generatorCpuCores: result.generatorCpuCores,
  undestroyedHistograms: result.undestroyedHistograms ?? 0,
};
console.log(JSON.stringify(says));
