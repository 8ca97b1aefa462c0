import { parseArgs } from 'node:util';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { startSink } from './bench-target.ts';
import { type MemoryRun, memoryRun } from './memory-run.ts';
import { serverSoak } from './server-soak.ts';
import { grownBytes, type ServerSoak, serverSoakProblems, soakTenths } from './server-soak-verdict.ts';
import { soakProblems, soakWindows } from './soak-verdict.ts';

/**
 * `npm run soak [-- --only generator|server --requests 10000000 --minutes 30]`: first the generator, ten million requests
 * in one run of two to four minutes: every one answered and counted by both sides; memory as in the first minute, within
 * a tenth; no histogram left. Then the server, half an hour under every door, encoding and kind of model at once, with
 * models that come and go: memory and descriptors flat, nothing unanswered. Exits 1 when it is otherwise.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    requests: { type: 'string', default: '10000000' },
    minutes: { type: 'string', default: '30' },
  },
});
const [requests, minutes] = [Number(values.requests), Number(values.minutes)];
if (!Number.isInteger(requests) || requests < 1)
  refuse(`--requests ${values.requests}: give a whole number of requests, as 100000`);
if (!(minutes > 0 && minutes <= 1440)) refuse(`--minutes ${values.minutes}: give a number of minutes, as 30`);
if (![undefined, 'generator', 'server'].includes(values.only))
  refuse(`--only ${values.only}: give generator or server`);

const problems: string[] = [];
if (values.only !== 'server') problems.push(...(await soakGenerator()));
if (values.only !== 'generator') problems.push(...(await soakServer()));
for (const problem of problems) console.log(`FAILED: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);

async function soakGenerator(): Promise<string[]> {
  const [server = 0, client = server] = availableCpus();
  const target = await startSink(server, 64);
  if ('missing' in target) {
    console.error(target.missing);
    process.exit(4);
  }
  const run = await memoryRun(target, client, requests);
  await target.stop();
  console.log(generatorLine(run));
  return soakProblems(run, requests).map((problem) => `generator: ${problem}`);
}

async function soakServer(): Promise<string[]> {
  const soak = await serverSoak(minutes, (line) => console.error(line));
  console.log(serverLine(soak));
  return serverSoakProblems(soak).map((problem) => `server: ${problem}`);
}

function generatorLine({ requests: made, tookS, samples, says }: MemoryRun): string {
  const { early, late } = soakWindows(samples, tookS);
  const second = (atS: number) => atS.toFixed(0);
  return (
    `generator: ${made} requests in ${second(tookS)} s; resident memory (median) ${mib(early.bytes)} from second ` +
    `${second(early.fromS)} to ${second(early.toS)}, ${mib(late.bytes)} in the last tenth; ` +
    `${says.undestroyedHistograms} histograms left`
  );
}

function serverLine(soak: ServerSoak): string {
  const { early, late } = soakTenths(soak);
  return (
    `server: ${soak.sent} requests and ${soak.askew} askew ones in ${(soak.tookS / 60).toFixed(1)} minutes, ` +
    `${soak.reloads} reloads; resident memory (median) ${mib(early.bytes)} in the second tenth, ${mib(late.bytes)} in ` +
    `the last, by its slope ${mib(grownBytes(soak))} more; descriptors ${early.descriptors} and ${late.descriptors}`
  );
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function refuse(why: string): never {
  console.error(why);
  process.exit(3);
}
