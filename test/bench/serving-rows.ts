import type { RowResult } from './bench-result.ts';
import { type RawRunner, startRaw } from './raw-runner.ts';
import { isReached, type Spread, spreadOf } from './round-statistics.ts';
import { type ServedTarget, startServed } from './served-target.ts';
import { bundledCase, type ServingCase, tinyCase } from './serving-case.ts';
import { type DuelRound, duelRounds, type ServingOptions, servedTurn } from './serving-rounds.ts';

/** A model that takes less than this for a row is mostly the way to it: the promise of row 7 is about others. */
const WORTH_ROW_7_MS = 0.5;
/** Where a batch takes long, a round has to see several of them, and still end. */
const BATCHES_A_ROUND = 6;
const LONGEST_S = 60;
const LOOK_MS = 300;

/** Row 7: a queue that is kept full, against bare runs of the same batches by as many threads on the same core. */
export async function fullQueueRow(
  model: string,
  provider: ServingCase['provider'],
  env: NodeJS.ProcessEnv,
  options: ServingOptions,
): Promise<RowResult> {
  const given = await bundledCase(model, provider);
  const row = {
    row: 7,
    what: `${model} on ${provider}, queue kept full`,
    against: 'session.run',
    unit: 'times',
    reach: { atLeast: 0.9 },
  } as const;
  return withBoth(given, env, options, async (target, raw) => {
    const singleMs = 1000 / (await raw.measure({ rows: 1, ms: LOOK_MS })).rowsPerS;
    const batchS = (singleMs * given.inFlight) / 2 / 1000;
    const seconds = Math.min(LONGEST_S, Math.max(options.seconds, BATCHES_A_ROUND * batchS));
    const rounds = await duelRounds(given, target, raw, { ...options, seconds });
    const single = spreadOf(rounds.map(({ single: alone }) => 1000 / alone.rowsPerS))?.median ?? 0;
    const counts = single >= WORTH_ROW_7_MS;
    const found = ratios(rounds, ({ raw: bare }) => bare.rowsPerS);
    const batch = spreadOf(rounds.map(({ served }) => served.batchRows))?.median ?? 0;
    const about = `${single.toPrecision(3)} ms a row by itself, in batches of ${batch.toPrecision(3)}`;
    return {
      ...row,
      found,
      ...costs(rounds, ({ raw: bare }) => bare.cpuUs),
      reached: counts ? isReached(row.reach, found) : undefined,
      note: `${about}${counts ? '' : `: the promise is about ${WORTH_ROW_7_MS} ms and more`}${faultsOf(rounds)}`,
    };
  });
}

/** Row 9: what is left of the runtime's own speed where the model is next to nothing. */
export async function tinyRows(env: NodeJS.ProcessEnv, options: ServingOptions): Promise<RowResult[]> {
  const given = tinyCase();
  const row = { row: 9, what: 'tiny model, 32 connections', unit: 'times' } as const;
  const speed = await withBoth(given, env, options, async (target, raw): Promise<RowResult> => {
    const { placement, placementReason } = await target.placement();
    const rounds = await duelRounds(given, target, raw, options);
    const found = ratios(rounds, ({ single }) => single.rowsPerS);
    const reach = { atLeast: 0.6 };
    const note = `${placement} (${placementReason})${faultsOf(rounds)}`;
    const cost = costs(rounds, ({ single }) => single.cpuUs);
    return {
      ...row,
      against: 'session.run, batch 1',
      reach,
      found,
      ...cost,
      reached: isReached(reach, found),
      note,
    };
  });
  const chosen = await besidesItself(given, env, options, [{}, { placement: 'worker' }]);
  const reach = { atLeast: 1 };
  const against = 'the same in a thread of its own';
  return [speed, { ...row, against, reach, found: chosen, reached: isReached(reach, chosen) }];
}

/** Row 8: batches against one by one, at 32 connections. */
export async function batchingRow(env: NodeJS.ProcessEnv, options: ServingOptions): Promise<RowResult> {
  const given = await bundledCase('recommender', 'cpu');
  const found = await besidesItself(given, env, options, [{}, { batching: { maxRows: 1 } }]);
  const reach = { atLeast: 5 };
  return {
    row: 8,
    what: 'recommender, 32 connections, batching on',
    against: 'off',
    unit: 'times',
    reach,
    found,
    reached: isReached(reach, found),
  };
}

/** Rows a second of the first settings over those of the second, each round's own ratio, the two in turn. */
async function besidesItself(
  given: ServingCase,
  env: NodeJS.ProcessEnv,
  options: ServingOptions,
  settings: readonly [first: Record<string, unknown>, second: Record<string, unknown>],
): Promise<Spread | undefined> {
  const targets: ServedTarget[] = [];
  try {
    for (const config of settings) targets.push(await start(given, env, options, config));
    // Until the compiler has settled.
    for (const target of targets) await servedTurn(given, target, options);
    const found: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      const rowsPerS = [0, 0];
      for (const at of order) {
        const target = targets[at];
        if (target === undefined) continue;
        const { rowsPerS: seen, batchRows, serverUs, fault } = await servedTurn(given, target, options);
        rowsPerS[at] = fault === undefined ? seen : Number.NaN;
        options.tell(
          `${given.model} with ${JSON.stringify(settings[at])}: round ${round + 1}: ${fault ?? `${seen.toFixed(0)} rows/s in batches of ${batchRows.toFixed(1)}, ${serverUs.toFixed(1)} us of CPU each`}`,
        );
      }
      found.push((rowsPerS[0] ?? 0) / (rowsPerS[1] ?? 0));
    }
    return spreadOf(found);
  } finally {
    for (const target of targets) await target.stop();
  }
}

/** The server and the bare runtime, started, used and ended. What does not start is said in the row. */
async function withBoth(
  given: ServingCase,
  env: NodeJS.ProcessEnv,
  options: ServingOptions,
  use: (target: ServedTarget, raw: RawRunner) => Promise<RowResult>,
): Promise<RowResult> {
  const { modelPath, provider, inputs } = given;
  const raw = await startRaw(options.cores.server, { modelPath, provider, threads: 1, inputs }, env);
  try {
    const target = await start(given, env, options, {});
    try {
      return await use(target, raw);
    } finally {
      await target.stop();
    }
  } finally {
    await raw.stop();
  }
}

async function start(
  { model, modelPath, provider }: ServingCase,
  env: NodeJS.ProcessEnv,
  { cores }: ServingOptions,
  config: Readonly<Record<string, unknown>>,
): Promise<ServedTarget> {
  return startServed(cores.server, { model, source: modelPath, config: { provider, ...config } }, env);
}

function ratios(rounds: readonly DuelRound[], bare: (round: DuelRound) => number): Spread | undefined {
  const good = rounds.filter(({ served }) => served.fault === undefined);
  return spreadOf(good.map((round) => round.served.rowsPerS / bare(round)));
}

/** CPU microseconds of a row: a neighbour on the core takes time from both sides, and changes these less. */
function costs(rounds: readonly DuelRound[], bare: (round: DuelRound) => number) {
  return {
    oursUs: spreadOf(rounds.map(({ served }) => served.serverUs)),
    peerUs: spreadOf(rounds.map(bare)),
  };
}

function faultsOf(rounds: readonly DuelRound[]): string {
  const faults = rounds.flatMap(({ served }) => served.fault ?? []);
  return faults.length === 0 ? '' : `; ${faults.length} rounds do not count: ${faults[0]}`;
}
