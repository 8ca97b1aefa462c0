import { noteOf, type RowResult } from './bench-result.ts';
import type { TargetOrReason } from './bench-target.ts';
import type { Contender } from './contender.ts';
import { type Turn, turn } from './duel.ts';
import { quietRounds } from './quiet-rounds.ts';
import { isReached, ratioOf, spreadOf } from './round-statistics.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly cores: { readonly server: number; readonly client: number };
  tell(line: string): void;
}

/** The same exchange with the same server by ours and by peers, in turn. */
export interface Duel {
  readonly what: string;
  start(cpu: number): Promise<TargetOrReason>;
  readonly ours: Contender;
  readonly peers: readonly Opponent[];
}

export interface Opponent {
  readonly row: number;
  readonly contender: Contender;
  readonly atLeast: number;
  /** What must be known to read the ratio. */
  readonly note?: string;
}

/** Interleaved rounds, each side beginning as often as the others. */
export async function fight(
  duel: Duel,
  rows: readonly number[],
  options: BenchOptions,
): Promise<RowResult[]> {
  const opponents = duel.peers.filter(({ row }) => rows.includes(row));
  if (opponents.length === 0) return [];
  const target = await duel.start(options.cores.server);
  if ('missing' in target) return opponents.map((opponent) => lackingRow(duel, opponent, target.missing));
  const present = opponents.filter(({ contender }) => contender.missing() === undefined);
  const contenders = [duel.ours, ...present.map(({ contender }) => contender)];
  const playRound = async (round: number): Promise<RoundOfAll> => {
    const turns: RoundOfAll = new Map();
    for (let place = 0; place < contenders.length; place++) {
      const contender = contenders[(round + place) % contenders.length] ?? duel.ours;
      const found = await turn(contender, target, options.cores.client, options.seconds);
      turns.set(contender, found);
      options.tell(describe(duel, contender, round, found));
    }
    return turns;
  };
  try {
    const { rounds, note } = await quietRounds(options.rounds, Object.values(options.cores), playRound);
    return opponents.map((opponent) => {
      const missing = opponent.contender.missing();
      return missing === undefined
        ? rowOf(duel, opponent, rounds, note)
        : lackingRow(duel, opponent, missing);
    });
  } finally {
    await target.stop();
  }
}

/** What each side did in one round. */
type RoundOfAll = Map<Contender, Turn>;

function rowOf(
  duel: Duel,
  opponent: Opponent,
  rounds: readonly RoundOfAll[],
  chosen: string | undefined,
): RowResult {
  const turnsOf = (contender: Contender) => rounds.flatMap((round) => round.get(contender) ?? []);
  const cost = (turn: Turn | undefined) => (turn?.fault === undefined ? turn?.clientUs : undefined);
  const costs = rounds.map((round) => ({
    oursUs: cost(round.get(duel.ours)),
    peerUs: cost(round.get(opponent.contender)),
  }));
  const found = ratioOf(costs);
  const reach = { atLeast: opponent.atLeast };
  const faults = [...turnsOf(duel.ours), ...turnsOf(opponent.contender)].flatMap(({ fault }) => fault ?? []);
  const lost = faults.length === 0 ? undefined : `${faults.length} rounds do not count: ${faults[0]}`;
  return {
    ...head(duel, opponent),
    reach,
    found,
    reached: isReached(reach, found),
    oursUs: spreadOf(costs.flatMap(({ oursUs }) => oursUs ?? [])),
    peerUs: spreadOf(costs.flatMap(({ peerUs }) => peerUs ?? [])),
    note: noteOf(lost ?? opponent.note, chosen),
  };
}

function lackingRow(duel: Duel, opponent: Opponent, note: string): RowResult {
  const reach = { atLeast: opponent.atLeast };
  return { ...head(duel, opponent), reach, found: undefined, reached: undefined, note };
}

function head({ what }: Duel, { row, contender }: Opponent) {
  return { row, what, against: contender.name, unit: 'times' as const };
}

function describe({ what }: Duel, { name }: Contender, round: number, found: Turn): string {
  const { clientUs, serverUs, requestsPerS, fault } = found;
  const figures = `${clientUs.toFixed(2)} us a request, server ${serverUs.toFixed(2)} us, ${requestsPerS.toFixed(0)}/s`;
  return `${what}: round ${round + 1}, ${name}: ${fault ?? figures}`;
}
