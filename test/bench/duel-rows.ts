import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowResult } from './bench-result.ts';
import { startNginx, startSink, type TargetOrReason } from './bench-target.ts';
import type { Contender, Exchange } from './contender.ts';
import { hey, wrk, wrkScript } from './debian-peers.ts';
import { type Turn, turn } from './duel.ts';
import { nodePeer, ours } from './node-contenders.ts';
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
}

/** A picture of 224 x 224 in three colours of 32 bits. */
const LARGE_BYTES = 224 * 224 * 3 * 4;
const SMALL: Exchange = { method: 'GET', path: '/', connections: 32, streams: 1 };

export function smallHttp(): Duel {
  return {
    what: 'HTTP, small GET, 32 connections',
    start: (cpu) => startNginx(cpu, 'http'),
    ours: ours(SMALL, {}),
    peers: [
      { row: 1, contender: wrk(SMALL, undefined), atLeast: 0.9 },
      { row: 2, contender: nodePeer('autocannon', SMALL, 'autocannon'), atLeast: 2 },
      { row: 2, contender: hey(SMALL), atLeast: 2.5 },
      { row: 2, contender: nodePeer('undici', SMALL, 'undici'), atLeast: 3 },
      { row: 2, contender: nodePeer('node:http', SMALL), atLeast: 5 },
    ],
  };
}

export function largeHttp(): Duel {
  const bodyFile = temporaryFile('body', Buffer.alloc(LARGE_BYTES, 0x3f));
  const exchange: Exchange = { method: 'POST', path: '/', bodyFile, connections: 32, streams: 1 };
  const script = temporaryFile('post.lua', Buffer.from(wrkScript(exchange)));
  return {
    what: 'HTTP, POST of 602,112 bytes, 32 connections',
    start: (cpu) => startSink(cpu, 4096),
    ours: ours(exchange, {}),
    peers: [
      { row: 3, contender: wrk(exchange, script), atLeast: 0.65 },
      { row: 3, contender: nodePeer('undici', exchange, 'undici'), atLeast: 1 },
      { row: 3, contender: nodePeer('autocannon', exchange, 'autocannon'), atLeast: 2.5 },
    ],
  };
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
    note: faults.length === 0 ? undefined : `${faults.length} rounds do not count: ${faults[0]}`,
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

function temporaryFile(name: string, bytes: Buffer): string {
  const path = join(tmpdir(), `inferometer-bench-${process.pid}-${name}`);
  writeFileSync(path, bytes);
  process.once('exit', () => rmSync(path, { force: true }));
  return path;
}
