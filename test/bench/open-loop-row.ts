import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { noteOf, type RowResult } from './bench-result.ts';
import { type BenchTarget, compileC, startSink } from './bench-target.ts';
import { treeCpuUs } from './cpu-time.ts';
import { firstRequest } from './duel.ts';
import type { BenchOptions } from './duel-rows.ts';
import { httpAssignment, oursCommand } from './node-contenders.ts';
import type { OursSays } from './ours.ts';
import { quietRounds } from './quiet-rounds.ts';
import { isReached, type Reach, ratioOf, type Spread, spreadOf } from './round-statistics.ts';

const REQUESTS_PER_S = 5000;
const CONNECTIONS = 256;
const WARMUP_S = 1;
/** The threads must be there still when their CPU is read. */
const SPARE_MS = 200;
const WHAT = `open loop, Poisson ${REQUESTS_PER_S}/s`;

/** One round: lags in milliseconds, CPU in cores. */
interface OpenLoopRound {
  readonly lagP99Ms: number;
  readonly cpuCores: number;
}

/**
 * Poisson arrivals against a server that does nothing, on the other core: how late they go out, and at what cost. The
 * same by open-loop.c in alternation: what it does not reach, the machine does not allow.
 */
export async function openLoopRows(options: BenchOptions): Promise<RowResult[]> {
  const target = await startSink(options.cores.server, 64);
  const program = compileC('open-loop', '-lm');
  if ('missing' in target) return rowsOf([], target.missing);
  if ('missing' in program) return rowsOf([], program.missing);
  const playRound = async (round: number): Promise<RoundOfBoth> => {
    const { port } = new URL(target.url);
    const seed = round + 1;
    const cLoop = [program.file, port, REQUESTS_PER_S, WARMUP_S, options.seconds, CONNECTIONS, seed];
    return {
      ours: await measured('inferometer', oursFor(target.url, options.seconds, seed), target, options),
      plain: await measured('open-loop.c', cLoop.map(String), target, options),
    };
  };
  try {
    const { rounds, note } = await quietRounds(options.rounds, Object.values(options.cores), playRound);
    const lost = rounds.filter(({ ours }) => ours === undefined).length;
    return rowsOf(
      rounds,
      noteOf(lost === 0 ? undefined : `${lost} rounds with failed requests do not count`, note),
    );
  } finally {
    program.remove();
    await target.stop();
  }
}

/** Undefined where requests failed. */
interface RoundOfBoth {
  readonly ours: OpenLoopRound | undefined;
  readonly plain: OpenLoopRound | undefined;
}

function rowsOf(rounds: readonly RoundOfBoth[], note: string | undefined): RowResult[] {
  const spread = (side: keyof RoundOfBoth, of: keyof OpenLoopRound) =>
    spreadOf(rounds.flatMap((round) => round[side]?.[of] ?? []));
  const ratio = (of: keyof OpenLoopRound) =>
    ratioOf(rounds.map(({ ours, plain }) => ({ oursUs: ours?.[of], peerUs: plain?.[of] })));
  const beside = (found: Spread | undefined, unit: string) =>
    found === undefined ? undefined : `open-loop.c here ${range(found)} ${unit}`;
  const row = (
    against: string,
    unit: RowResult['unit'],
    reach: Reach,
    found: Spread | undefined,
    ...said: readonly (string | undefined)[]
  ): RowResult => ({
    row: 6,
    what: WHAT,
    against,
    unit,
    reach,
    found,
    reached: isReached(reach, found),
    note: noteOf(...said),
  });
  const [lag, cpu] = ['lagP99Ms', 'cpuCores'] as const;
  return [
    row(
      'dispatch lag p99',
      'ms',
      { atMost: 0.5 },
      spread('ours', lag),
      beside(spread('plain', lag), 'ms'),
      note,
    ),
    row('dispatch lag p99 of open-loop.c', 'times', { atLeast: 0.5 }, ratio(lag)),
    row(
      'CPU of all its threads',
      'cores',
      { atMost: 0.4 },
      spread('ours', cpu),
      beside(spread('plain', cpu), 'cores'),
    ),
    row('CPU of open-loop.c', 'times', { atLeast: 0.7 }, ratio(cpu)),
  ];
}

function range({ median, min, max }: Spread): string {
  return `${median.toPrecision(3)} (${min.toPrecision(3)}-${max.toPrecision(3)})`;
}

function oursFor(url: string, seconds: number, seed: number): readonly string[] {
  const exchange = { method: 'GET', path: '/', connections: CONNECTIONS, streams: 1 } as const;
  return oursCommand({
    ...httpAssignment({ url }, exchange),
    load: { shape: 'open', arrivals: 'poisson', requestsPerS: REQUESTS_PER_S } as const,
    maxInFlight: 1024,
    warmupMs: WARMUP_S * 1000,
    durationMs: seconds * 1000,
    windowMs: 1000,
    seed,
  });
}

/** CPU of the same seconds as the lag's: those after the warm-up. Undefined where requests failed. */
async function measured(
  name: string,
  command: readonly string[],
  target: BenchTarget,
  { cores, seconds, tell }: BenchOptions,
): Promise<OpenLoopRound | undefined> {
  const before = await target.count();
  const child = spawn('taskset', ['-c', String(cores.client), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const gone = once(child, 'close');
  const began = await firstRequest(target, before, () => child.exitCode !== null);
  if (!began) {
    child.kill('SIGKILL');
    tell(`${WHAT}: ${name}: sent nothing`);
    return undefined;
  }
  await sleep(WARMUP_S * 1000);
  const [beganMs, beganUs] = [performance.now(), treeCpuUs(child.pid ?? 0)];
  await sleep(seconds * 1000 - SPARE_MS);
  const cpuCores = (treeCpuUs(child.pid ?? 0) - beganUs) / 1000 / (performance.now() - beganMs);
  await gone;
  const says = JSON.parse(output) as Pick<OursSays, 'failed' | 'dispatchLagP99Ms'>;
  tell(`${WHAT}: ${name}: lag p99 ${says.dispatchLagP99Ms} ms, ${cpuCores.toFixed(3)} cores`);
  return says.failed > 0 ? undefined : { lagP99Ms: says.dispatchLagP99Ms, cpuCores };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
