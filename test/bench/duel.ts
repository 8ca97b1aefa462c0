import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BenchTarget } from './bench-target.ts';
import type { Contender } from './contender.ts';
import { treeCpuUs } from './cpu-time.ts';

/** One contender in one round. */
export interface Turn {
  /** CPU of the client's whole process tree for each request that the server answered meanwhile. */
  readonly clientUs: number;
  readonly serverUs: number;
  readonly requestsPerS: number;
  /** What is wrong with it, in words: it then counts for nothing. */
  readonly fault: string | undefined;
}

/** Before the measured seconds, from the first request that the server sees; and after them. */
const SETTLE_MS = 600;
const TAIL_MS = 300;
const START_LIMIT_MS = 10_000;
const LOOK_MS = 20;
/** Answers of a batch come at once: a look is taken when the next ones have come, or after so long. */
const STEP_LIMIT_MS = 20_000;
const STEP_LOOK_MS = 10;
/** The steps at both ends belong to the load as well. */
const STEPS_SHARE = 0.5;

/**
 * Lets one contender run, and reads both sides' CPU and the server's count at both ends of the same window, so that
 * starting, warming up and stopping cost nobody anything.
 */
export async function turn(
  contender: Contender,
  target: BenchTarget,
  cpu: number,
  seconds: number,
): Promise<Turn> {
  const before = await target.count();
  const steps = target.inSteps === true ? STEPS_SHARE * seconds : 0;
  const wholeS = Math.ceil(seconds + steps + (SETTLE_MS + TAIL_MS) / 1000 + 0.1);
  const command = ['-c', String(cpu), ...contender.command(target, wholeS)];
  const child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const gone = once(child, 'exit');
  const began = await firstRequest(target, before, () => child.exitCode !== null);
  if (!began) {
    child.kill('SIGKILL');
    return fault(`sent nothing: ${output.slice(-300)}`);
  }
  await sleep(SETTLE_MS);
  const first = await look(child.pid ?? 0, target);
  await sleep(seconds * 1000);
  const last = await look(child.pid ?? 0, target);
  await gone;
  const requests = last.requests - first.requests;
  const claims = contender.claims(output);
  const problem = disagreement(contender, claims, (await target.count()) - before);
  if (problem !== undefined || requests <= 0) return fault(problem ?? 'no request was answered');
  return {
    clientUs: (last.clientUs - first.clientUs) / requests,
    serverUs: (last.serverUs - first.serverUs) / requests,
    requestsPerS: (1000 * requests) / (last.atMs - first.atMs),
    fault: undefined,
  };
}

function disagreement(
  { inFlight }: Contender,
  claims: ReturnType<Contender['claims']>,
  counted: number,
): string | undefined {
  if (claims === undefined) return 'said nothing of what it did';
  if (claims.failed > 0) return `${claims.failed} of its requests failed`;
  if (claims.ok > counted) return `claims ${claims.ok} answers; the server gave ${counted}`;
  // A tool that is stopped in the middle leaves out what was in flight then.
  if (counted - claims.ok > 2 * inFlight)
    return `claims ${claims.ok} answers of the ${counted} that the server gave`;
  return undefined;
}

/** False where it ended, or had ten seconds, without any. */
export async function firstRequest(
  target: BenchTarget,
  before: number,
  ended: () => boolean,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS && !ended(); waitedMs += LOOK_MS) {
    if ((await target.count()) > before) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

async function look(pid: number, target: BenchTarget) {
  const requests = target.inSteps === true ? await afterStep(target) : await target.count();
  return {
    requests,
    atMs: performance.now(),
    clientUs: treeCpuUs(pid),
    serverUs: treeCpuUs(target.pid),
  };
}

/** The count as soon as it has changed: between two such looks lie whole batches, and their whole time. */
async function afterStep(target: BenchTarget): Promise<number> {
  const before = await target.count();
  let now = before;
  for (let waitedMs = 0; now === before && waitedMs < STEP_LIMIT_MS; waitedMs += STEP_LOOK_MS) {
    await sleep(STEP_LOOK_MS);
    now = await target.count();
  }
  return now;
}

function fault(words: string): Turn {
  const nothing = Number.NaN;
  return { clientUs: nothing, serverUs: nothing, requestsPerS: nothing, fault: words };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
