import type { RowResult } from './bench-result.ts';
import type { TargetOrReason } from './bench-target.ts';
import type { Contender } from './contender.ts';
import { type Turn, turn } from './duel.ts';
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
  const turns = new Map<Contender, Turn[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (let place = 0; place < contenders.length; place++) {
        const contender = contenders[(round + place) % contenders.length] ?? duel.ours;
        const found = await turn(contender, target, options.cores.client, options.seconds);
        turns.get(contender)?.push(found);
        options.tell(describe(duel, contender, round, found));
      }
    }
  } finally {
    await target.stop();
  }
  return opponents.map((opponent) => {
    const missing = opponent.contender.missing();
    return missing === undefined
      ? rowOf(duel, opponent, turns.get(duel.ours) ?? [], turns.get(opponent.contender) ?? [])
      : lackingRow(duel, opponent, missing);
  });
}

function rowOf(
  duel: Duel,
  opponent: Opponent,
  oursTurns: readonly Turn[],
  peerTurns: readonly Turn[],
): RowResult {
  const cost = ({ clientUs, fault }: Turn) => (fault === undefined ? clientUs : undefined);
  const rounds = oursTurns.map((our, round) => {
    const peer = peerTurns[round];
    return { oursUs: cost(our), peerUs: peer === undefined ? undefined : cost(peer) };
  });
  const found = ratioOf(rounds);
  const reach = { atLeast: opponent.atLeast };
  const faults = [...oursTurns, ...peerTurns].flatMap(({ fault }) => fault ?? []);
  return {
    ...head(duel, opponent),
    reach,
    found,
    reached: isReached(reach, found),
    oursUs: spreadOf(rounds.flatMap(({ oursUs }) => oursUs ?? [])),
    peerUs: spreadOf(rounds.flatMap(({ peerUs }) => peerUs ?? [])),
    note: faults.length === 0 ? opponent.note : `${faults.length} rounds do not count: ${faults[0]}`,
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
