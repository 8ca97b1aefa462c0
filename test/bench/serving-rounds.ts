import { type BatchCounts, batchesSince, meanRows, runsLike } from './batch-sizes.ts';
import { type Turn, turn } from './duel.ts';
import { type QuietRounds, quietRounds } from './quiet-rounds.ts';
import type { RawRunner, RawSays } from './raw-runner.ts';
import type { ServedTarget } from './served-target.ts';
import { type ServingCase, servingLoad } from './serving-case.ts';

export interface ServingOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly cores: { readonly server: number; readonly client: number };
  tell(line: string): void;
}

/** One load on the server. */
export interface Served {
  readonly rowsPerS: number;
  readonly batches: BatchCounts;
  /** CPU of the server for each request. */
  readonly serverUs: number;
  readonly fault: string | undefined;
}

export async function servedTurn(
  given: ServingCase,
  target: ServedTarget,
  { cores, seconds }: ServingOptions,
): Promise<Served> {
  const before = await target.batches();
  const { requestsPerS, serverUs, fault }: Turn = await turn(
    servingLoad(given),
    target,
    cores.client,
    seconds,
  );
  const batches = batchesSince(before, await target.batches());
  return { rowsPerS: requestsPerS, batches, serverUs, fault };
}

/** The server, and the runtime by itself on the same core, in turn; the other begins in every second round. */
export interface DuelRound {
  readonly served: Served;
  /** Bare runs of batches like those that the server formed. */
  readonly raw: RawSays;
  /** Bare runs of one row. */
  readonly single: RawSays;
}

export async function duelRounds(
  given: ServingCase,
  target: ServedTarget,
  raw: RawRunner,
  options: ServingOptions,
): Promise<QuietRounds<DuelRound>> {
  const bare = (sizes: readonly number[]) => raw.measure({ sizes, ms: (options.seconds * 1000) / 2 });
  // Until the compiler has settled.
  let usual = (await servedTurn(given, target, options)).batches;
  return quietRounds(options.rounds, [options.cores.server], async (round) => {
    const early = round % 2 === 1 ? await bare(runsLike(usual)) : undefined;
    const served = await servedTurn(given, target, options);
    usual = served.batches;
    const found = { served, raw: early ?? (await bare(runsLike(usual))), single: await bare([1]) };
    options.tell(describe(given, round, found));
    return found;
  });
}

function describe({ model, provider }: ServingCase, round: number, found: DuelRound): string {
  const { served, raw, single } = found;
  const bare = `bare ${raw.rowsPerS.toFixed(0)} in such batches, ${single.rowsPerS.toFixed(0)} one by one`;
  return `${model} on ${provider}: round ${round + 1}: served ${servedText(served)}; ${bare}`;
}

export function servedText({ rowsPerS, batches, serverUs, fault }: Served): string {
  const size = meanRows(batches).toFixed(1);
  return (
    fault ?? `${rowsPerS.toFixed(0)} rows/s in batches of ${size}, ${serverUs.toFixed(1)} us of CPU each`
  );
}
