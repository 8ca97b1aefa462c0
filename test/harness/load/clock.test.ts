import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { calibratedClock } from '../../../harness/load/clock.ts';
import { packageFile } from '../../../harness/package-files.ts';

/** A thread that brackets the event that we stamp: a change of a shared word. */
const OTHER_THREAD = `
  const { workerData, parentPort } = require('node:worker_threads');
  import(workerData.clock).then(({ calibratedClock }) => {
    const now = calibratedClock();
    const word = new Int32Array(workerData.shared);
    const brackets = [];
    for (let round = 1; round <= workerData.rounds; round++) {
      const before = now();
      Atomics.store(word, 0, round);
      Atomics.notify(word, 0);
      while (Atomics.load(word, 1) !== round) {}
      brackets.push([before, now()]);
    }
    parentPort.postMessage(brackets);
  });
`;

describe('calibratedClock', () => {
  it('reads process.hrtime', () => {
    const now = calibratedClock();
    const apart = Array.from({ length: 20 }, () => Math.abs(now() - Number(process.hrtime.bigint()) / 1e6));
    expect(Math.min(...apart)).toBeLessThan(0.05);
  });

  it('agrees between two threads within 50 µs on one event', async () => {
    const rounds = 200;
    const shared = new SharedArrayBuffer(8);
    const clock = packageFile('dist', 'harness', 'load', 'clock.js');
    const worker = new Worker(OTHER_THREAD, { eval: true, workerData: { shared, clock, rounds } });
    const brackets = new Promise<[number, number][]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const word = new Int32Array(shared);
    const now = calibratedClock();
    const stamps: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      while (Atomics.load(word, 0) < round) Atomics.wait(word, 0, round - 1, 5000);
      stamps.push(now());
      Atomics.store(word, 1, round);
    }
    // Our stamp lies between their two. The tightest bracket leaves no room for a wrong origin to hide in.
    const outside = (await brackets).map(([before, after], at) =>
      Math.max(before - (stamps[at] ?? Number.NaN), (stamps[at] ?? Number.NaN) - after, 0),
    );
    const widths = (await brackets).map(([before, after]) => after - before);
    expect(Math.min(...widths)).toBeLessThan(0.05);
    expect(Math.max(...outside)).toBeLessThan(0.05);
    await worker.terminate();
  });
});
