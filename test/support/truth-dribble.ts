import type { Socket } from 'node:net';

/** A byte every 100 ms: alive, but never done within the timeout. */
export function dribble(socket: Socket, answer: Buffer, from: number): void {
  if (from >= answer.length || socket.destroyed) return;
  socket.write(answer.subarray(from, from + 1));
  setTimeout(() => dribble(socket, answer, from + 1), 100);
}
