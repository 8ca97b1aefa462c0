import { parseArgs } from 'node:util';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { startSink } from './bench-target.ts';
import { MOST_GROWTH } from './memory-row.ts';
import { memoryRun } from './memory-run.ts';

/**
 * `npm run soak [-- --requests 10000000]`: ten million requests in one run, two to four minutes. Every one answered and
 * counted by both sides; memory as in the first minute, within a tenth; no histogram left. Exits 1 when it is otherwise.
 */
const FIRST_MINUTE_S = 60;
/** Before it the young generation is still being filled for the first time. */
const FILLED_S = 15;

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000000' } } });
const [server = 0, client = server] = availableCpus();
const target = await startSink(server, 64);
if ('missing' in target) {
  console.error(target.missing);
  process.exit(4);
}
const run = await memoryRun(target, client, Number(values.requests));
await target.stop();

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
const firstMinute = run.samples.filter(
  ({ atS }) => atS >= Math.min(FILLED_S, run.tookS / 4) && atS < FIRST_MINUTE_S,
);
const most = Math.max(...firstMinute.map(({ bytes }) => bytes));
const last = run.samples.at(-1)?.bytes ?? Number.NaN;
const problems = [
  run.requests >= Number(values.requests) ? [] : ['it took too long'],
  run.says.ok === run.requests
    ? []
    : [`${run.says.ok} well answered by our count, ${run.requests} by the server's`],
  run.says.failed === 0 ? [] : [`${run.says.failed} failed`],
  last <= most * MOST_GROWTH && last >= most / MOST_GROWTH ? [] : ['memory is not as in the first minute'],
  run.says.undestroyedHistograms === 0
    ? []
    : [`${run.says.undestroyedHistograms} histograms were not destroyed`],
].flat();
console.log(
  `${run.requests} requests in ${run.tookS.toFixed(0)} s; resident ${mib(most)} MiB at most in the first minute, ` +
    `${mib(last)} MiB at the end; ${run.says.undestroyedHistograms} histograms left`,
);
for (const problem of problems) console.log(`FAILED: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
