import type { Socket } from 'node:net';

const EVERY_MS = 100;

/** A piece every 100 ms: alive, but never done within the timeout. */
export function dribble(socket: Socket, pieces: readonly Buffer[]): void {
  const [next, ...rest] = pieces;
  if (next === undefined || socket.destroyed) return;
  socket.write(next);
  setTimeout(() => dribble(socket, rest), EVERY_MS);
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}
