import { meanRows } from './batch-sizes.ts';
import { noteOf, type RowResult } from './bench-result.ts';
import { quietRounds } from './quiet-rounds.ts';
import { type RawRunner, startRaw } from './raw-runner.ts';
import { isReached, type Spread, spreadOf } from './round-statistics.ts';
import { type ServedTarget, startServed } from './served-target.ts';
import { bundledCase, type ServingCase, tinyCase } from './serving-case.ts';
import { type DuelRound, duelRounds, type ServingOptions, servedText, servedTurn } from './serving-rounds.ts';

/**
 * A row that takes less than this in its batch is mostly the way to the model: the promise of row 7 is about others. What
 * it takes alone says nothing, since both sides run batches.
 */
const WORTH_ROW_7_MS = 0.5;
/** Where a batch takes long, a round has to see several of them, and still end: a software driver gets few rows at once. */
const BATCHES_A_ROUND = 4;
const LONGEST_S = 30;
const SLOW_MS = 100;
const IN_FLIGHT_WHERE_SLOW = 4;
const LOOK_MS = 300;

/** Row 7: a queue that is kept full, against bare runs of the same batches by as many threads on the same core. */
export async function fullQueueRow(
  model: string,
  provider: ServingCase['provider'],
  env: NodeJS.ProcessEnv,
  options: ServingOptions,
): Promise<RowResult> {
  const bundled = await bundledCase(model, provider);
  const row = {
    row: 7,
    what: `${model} on ${provider}, queue kept full`,
    against: 'session.run',
    unit: 'times',
    reach: { atLeast: 0.9 },
  } as const;
  return withBoth(bundled, env, options, async (target, raw) => {
    const aloneMs = 1000 / (await raw.measure({ sizes: [1], ms: LOOK_MS })).rowsPerS;
    const given = aloneMs < SLOW_MS ? bundled : { ...bundled, inFlight: IN_FLIGHT_WHERE_SLOW };
    const batch = given.inFlight / 2;
    const batchS = batch / (await raw.measure({ sizes: [batch], ms: LOOK_MS })).rowsPerS;
    const seconds = Math.min(LONGEST_S, Math.max(options.seconds, BATCHES_A_ROUND * batchS));
    const { rounds, note } = await duelRounds(given, target, raw, { ...options, seconds });
    const found = ratios(rounds, ({ raw: bare }) => bare.rowsPerS);
    const medianOf = (of: (round: DuelRound) => number) => spreadOf(rounds.map(of))?.median ?? 0;
    const rowMs = medianOf(({ raw: bare }) => 1000 / bare.rowsPerS);
    const counts = rowMs >= WORTH_ROW_7_MS;
    const rows = medianOf(({ served }) => meanRows(served.batches)).toPrecision(3);
    const alone = medianOf(({ single }) => 1000 / single.rowsPerS).toPrecision(3);
    const about = `${rowMs.toPrecision(3)} ms a row in batches of ${rows}, ${alone} ms alone`;
    return {
      ...row,
      found,
      ...costs(rounds, ({ raw: bare }) => bare.cpuUs),
      reached: counts ? isReached(row.reach, found) : undefined,
      note: noteOf(
        about,
        counts ? undefined : `the promise is about ${WORTH_ROW_7_MS} ms and more`,
        faultsOf(rounds),
        note,
      ),
    };
  });
}

/** Row 9: what is left of the runtime's own speed where the model is next to nothing. */
export async function tinyRows(env: NodeJS.ProcessEnv, options: ServingOptions): Promise<RowResult[]> {
  const given = tinyCase();
  const row = { row: 9, what: 'tiny model, 32 connections', unit: 'times' } as const;
  const speed = await withBoth(given, env, options, async (target, raw): Promise<RowResult> => {
    const { placement, placementReason } = await target.placement();
    const { rounds, note: chosen } = await duelRounds(given, target, raw, options);
    const found = ratios(rounds, ({ single }) => single.rowsPerS);
    const reach = { atLeast: 0.6 };
    const note = noteOf(`${placement} (${placementReason})`, faultsOf(rounds), chosen);
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
  const { found, note } = await besidesItself(given, env, options, [{}, { placement: 'worker' }]);
  const reach = { atLeast: 1 };
  const against = 'the same in a thread of its own';
  return [speed, { ...row, against, reach, found, reached: isReached(reach, found), note }];
}

/** Row 8: batches against one by one, at 32 connections. */
export async function batchingRow(env: NodeJS.ProcessEnv, options: ServingOptions): Promise<RowResult> {
  const given = await bundledCase('recommender', 'cpu');
  const { found, note } = await besidesItself(given, env, options, [{}, { batching: { maxRows: 1 } }]);
  const reach = { atLeast: 5 };
  return {
    row: 8,
    what: 'recommender, 32 connections, batching on',
    against: 'off',
    unit: 'times',
    reach,
    found,
    reached: isReached(reach, found),
    note,
  };
}

/** Rows a second of the first settings over those of the second, each round's own ratio, the two in turn. */
async function besidesItself(
  given: ServingCase,
  env: NodeJS.ProcessEnv,
  options: ServingOptions,
  settings: readonly [first: Record<string, unknown>, second: Record<string, unknown>],
): Promise<{ readonly found: Spread | undefined; readonly note: string | undefined }> {
  const targets: ServedTarget[] = [];
  try {
    for (const config of settings) targets.push(await start(given, env, options, config));
    // Until the compiler has settled.
    for (const target of targets) await servedTurn(given, target, options);
    const { rounds, note } = await quietRounds(options.rounds, [options.cores.server], async (round) => {
      const rowsPerS = [0, 0];
      for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const target = targets[at];
        if (target === undefined) continue;
        const served = await servedTurn(given, target, options);
        rowsPerS[at] = served.fault === undefined ? served.rowsPerS : Number.NaN;
        options.tell(
          `${given.model} with ${JSON.stringify(settings[at])}: round ${round + 1}: ${servedText(served)}`,
        );
      }
      return (rowsPerS[0] ?? 0) / (rowsPerS[1] ?? 0);
    });
    return { found: spreadOf(rounds), note };
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
  const { modelPath, provider, inputs, values } = given;
  const raw = await startRaw(options.cores.server, { modelPath, provider, threads: 1, inputs, values }, env);
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

function faultsOf(rounds: readonly DuelRound[]): string | undefined {
  const faults = rounds.flatMap(({ served }) => served.fault ?? []);
  return faults.length === 0 ? undefined : `${faults.length} rounds do not count: ${faults[0]}`;
}
