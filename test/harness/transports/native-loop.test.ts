import { expect, it } from 'vitest';
import type { LinuxCalls } from '../../../harness/transports/linux-calls.ts';
import { NativeLoop } from '../../../harness/transports/native-loop.ts';

const ASKED_MS = 20;

/** A loop over a kernel whose sleeps take as much longer than asked as `lateMs` says, one after another. */
function sleptThrough(lateMs: readonly number[]): Promise<NativeLoop> {
  return new Promise((resolve) => {
    let nowMs = 1000;
    let sleeps = 0;
    const wait = (_epoll: number, _events: number, _most: number, waitMs: number): number => {
      nowMs += waitMs + (lateMs[sleeps] ?? 0);
      sleeps += 1;
      if (sleeps === lateMs.length) {
        loop.close();
        resolve(loop);
      }
      return 0;
    };
    const calls = { addressOf: () => 0, epoll: () => 3, close: () => 0, wait } as unknown as LinuxCalls;
    const loop = new NativeLoop({ calls, now: () => nowMs, turnMs: 1000 });
    const dueAtMs = () => nowMs + ASKED_MS;
    loop.attend(dueAtMs, () => {});
  });
}

it('counts the sleeps that took longer than asked', async () => {
  const { sleep } = await sleptThrough([0, 1.9, 3, 0.1, 12]);
  // The last one is counted after the loop was closed within it.
  await new Promise(setImmediate);
  expect(sleep.sleptMs).toBeCloseTo(5 * ASKED_MS + 17, 9);
  expect(sleep.lateWakes).toBe(2);
  expect(sleep.lateWakesMs).toBeCloseTo(15, 9);
});
