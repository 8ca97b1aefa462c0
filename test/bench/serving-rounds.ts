import { type Turn, turn } from './duel.ts';
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
  /** Rows in a batch, on average. */
  readonly batchRows: number;
  /** CPU of the server for each request. */
  readonly serverUs: number;
  readonly fault: string | undefined;
}

export async function servedTurn(
  given: ServingCase,
  target: ServedTarget,
  { cores, seconds }: ServingOptions,
): Promise<Served> {
  const before = await target.executed();
  const { requestsPerS, serverUs, fault }: Turn = await turn(
    servingLoad(given),
    target,
    cores.client,
    seconds,
  );
  const after = await target.executed();
  const batchRows = (after.rows - before.rows) / Math.max(1, after.batches - before.batches);
  return { rowsPerS: requestsPerS, batchRows, serverUs, fault };
}

/** The server, and the runtime by itself on the same core, in turn; the other begins in every second round. */
export interface DuelRound {
  readonly served: Served;
  /** Bare runs of the batch that the server formed on average. */
  readonly raw: RawSays;
  /** Bare runs of one row. */
  readonly single: RawSays;
}

export async function duelRounds(
  given: ServingCase,
  target: ServedTarget,
  raw: RawRunner,
  options: ServingOptions,
): Promise<readonly DuelRound[]> {
  const { seconds, tell } = options;
  const rounds: DuelRound[] = [];
  // Until the compiler has settled.
  let usualRows = Math.max(1, Math.round((await servedTurn(given, target, options)).batchRows));
  for (let round = 0; round < options.rounds; round++) {
    const bare = (rows: number) => raw.measure({ rows, ms: (seconds * 1000) / 2 });
    const bareFirst = round % 2 === 1;
    const early = bareFirst ? await bare(usualRows) : undefined;
    const served = await servedTurn(given, target, options);
    usualRows = Math.max(1, Math.round(served.batchRows));
    const bareBatches = early ?? (await bare(usualRows));
    const single = await bare(1);
    rounds.push({ served, raw: bareBatches, single });
    tell(
      `${given.model} on ${given.provider}: round ${round + 1}: served ${served.rowsPerS.toFixed(0)} rows/s in batches of ` +
        `${served.batchRows.toFixed(1)}, ${served.serverUs.toFixed(1)} us of CPU each; bare ${bareBatches.rowsPerS.toFixed(0)} in ` +
        `such batches, ${single.rowsPerS.toFixed(0)} one by one${served.fault === undefined ? '' : `; ${served.fault}`}`,
    );
  }
  return rounds;
}
