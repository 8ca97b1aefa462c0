import { runGenerator } from '../../harness/run/generator.ts';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { liveHistograms, readyHistograms } from '../../harness/statistics/histogram.ts';
import { runLoad } from '../support/assignment.ts';
import { percentileMs } from '../support/load-figures.ts';

/**
 * `node ours.js '<LoadAssignment>'`: one load by the product's own engine; the counts of all phases on one line. SIGTERM drains.
 * With `in-this-thread` behind it the generator has no thread of its own, so that its histograms can be counted.
 */
export interface OursSays {
  readonly ok: number;
  readonly failed: number;
  readonly dispatchLagP99Ms: number;
  readonly generatorCpuCores: number | undefined;
  /** Histograms of this thread that nobody destroyed. */
  readonly undestroyedHistograms: number;
}

const given = JSON.parse(process.argv[2] ?? '{}') as LoadAssignment;
const drain = new AbortController();
process.once('SIGTERM', () => drain.abort());
const result = await (process.argv[3] === 'in-this-thread'
  ? runLoad(given, { drain: drain.signal }, { name: 'this thread', run: runGenerator })
  : runLoad(given, { drain: drain.signal }));
const undestroyedHistograms = liveHistograms();
await readyHistograms();
const sent = result.counts.sent + result.warmupCounts.sent;
const ok = result.counts.ok + result.warmupCounts.ok;
const says: OursSays = {
  ok,
  failed: sent - ok + result.counts.unsent,
  dispatchLagP99Ms: percentileMs(result, 'dispatchLag', 99),
  generatorCpuCores: result.generatorCpuCores,
  undestroyedHistograms,
};
console.log(JSON.stringify(says));
