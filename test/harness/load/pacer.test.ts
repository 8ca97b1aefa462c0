import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { calibratedClock } from '../../../harness/load/clock.ts';
import { ThreadPacer } from '../../../harness/load/thread-pacer.ts';

it('brings no probe and no wake-up after it was stopped, although one was under way', async () => {
  const now = calibratedClock();
  const pacer = await ThreadPacer.start(now);
  const calls: string[] = [];
  pacer.begin(
    now(),
    () => calls.push('wake'),
    () => calls.push('probe'),
  );
  await sleep(50);
  expect(calls).toContain('probe');
  // Meanwhile the other thread posts a message that this one cannot yet read.
  const busyUntilMs = now() + 100;
  while (now() < busyUntilMs);
  calls.length = 0;
  await pacer.stop();
  await sleep(20);
  expect(calls).toEqual([]);
});
