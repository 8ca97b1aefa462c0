import { parseArgs } from 'node:util';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { startSink } from './bench-target.ts';
import { type MemoryRun, memoryRun } from './memory-run.ts';
import { soakProblems, soakWindows } from './soak-verdict.ts';

/**
 * `npm run soak [-- --requests 10000000]`: ten million requests in one run, two to four minutes. Every one answered and
 * counted by both sides; memory as in the first minute, within a tenth; no histogram left. Exits 1 when it is otherwise.
 */
const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000000' } } });
const requests = Number(values.requests);
if (!Number.isInteger(requests) || requests < 1) {
  console.error(`--requests ${values.requests}: give a whole number of requests, as 100000`);
  process.exit(3);
}
const [server = 0, client = server] = availableCpus();
const target = await startSink(server, 64);
if ('missing' in target) {
  console.error(target.missing);
  process.exit(4);
}
const run = await memoryRun(target, client, requests);
await target.stop();

console.log(described(run));
const problems = soakProblems(run, requests);
for (const problem of problems) console.log(`FAILED: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

function described({ requests: made, tookS, samples, says }: MemoryRun): string {
  const { early, late } = soakWindows(samples, tookS);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const second = (atS: number) => atS.toFixed(0);
  return (
    `${made} requests in ${second(tookS)} s; resident memory (median) ${mib(early.bytes)} MiB from second ` +
    `${second(early.fromS)} to ${second(early.toS)}, ${mib(late.bytes)} MiB in the last tenth; ` +
    `${says.undestroyedHistograms} histograms left`
  );
}
