import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../../harness/load/random.ts';
import { meanInterval } from '../../../harness/statistics/batch-means.ts';
import { backlogs, overload } from '../../../harness/statistics/overload.ts';
import { windowLengthMs } from '../../../harness/statistics/window-length.ts';
import { flowWindows, type QueueRun, simulateQueue } from '../../support/queue-simulation.ts';

function isOverloaded(draw: Random, run: QueueRun): boolean {
  const { durationMs, utilization, serviceMeanMs } = run;
  const windowMs = windowLengthMs(durationMs, (utilization / serviceMeanMs) * 1000);
  const windows = flowWindows(simulateQueue(draw, run), durationMs, windowMs);
  const measured = windows.slice(1);
  const sum = (pick: (window: (typeof measured)[number]) => number) =>
    measured.reduce((total, window) => total + pick(window), 0);
  const okPerS = (sum(({ ok }) => ok) / durationMs) * 1000;
  const { atThird, atEnd } = backlogs(windows, durationMs / 1000);
  const scheduled = sum(({ arrivals }) => arrivals);
  return overload({
    offeredPerS: (scheduled / durationMs) * 1000,
    okPerS,
    okHighPerS: meanInterval(measured.map(({ ok, durationS }) => ok / durationS))?.high ?? okPerS,
    dispatchLagClean: true,
    scheduled,
    backlogAtThird: atThird,
    backlogAtEnd: atEnd,
  }).overloaded;
}

function flagged(run: QueueRun, runs: number): number {
  const draw = seededRandom(31);
  return Array.from({ length: runs }, () => isOverloaded(draw, run)).filter(Boolean).length / runs;
}

describe.each([
  ['no cap', undefined],
  ['an in-flight cap of the client', { atMost: 64, beyond: 'unsent' }],
  ['a server that answers 503 when full', { atMost: 64, beyond: '503' }],
] as const)('an M/M/1 server with %s', (_, full) => {
  const run = (utilization: number, durationMs: number): QueueRun => ({
    utilization,
    serviceMeanMs: 5,
    durationMs,
    ...(full === undefined ? {} : { full }),
  });

  it('is called overloaded at most 1 time in 100 up to utilisation 0.9, in a short run too', () => {
    for (const utilization of [0.5, 0.8, 0.9]) {
      expect(flagged(run(utilization, 4_000), 300)).toBeLessThanOrEqual(0.01);
      expect(flagged(run(utilization, 30_000), 100)).toBeLessThanOrEqual(0.01);
    }
  });

  it('is called overloaded 99 times in 100 from 1.1 on', () => {
    expect(flagged(run(1.1, 30_000), 200)).toBeGreaterThanOrEqual(0.99);
    expect(flagged(run(1.5, 4_000), 200)).toBeGreaterThanOrEqual(0.99);
  });
});

describe('the rule', () => {
  const fine = {
    offeredPerS: 100,
    okPerS: 99.8,
    okHighPerS: 101,
    dispatchLagClean: true,
    scheduled: 3000,
    backlogAtThird: 2,
    backlogAtEnd: 6,
  };

  it('blames nobody while the generator itself is late', () => {
    const short = { ...fine, okPerS: 60, okHighPerS: 61 };
    expect(overload(short).overloaded).toBe(true);
    expect(overload({ ...short, dispatchLagClean: false })).toEqual({ overloaded: false });
  });

  it('wants proof of the shortfall', () => {
    expect(overload({ ...fine, okPerS: 96, okHighPerS: 104 }).overloaded).toBe(false);
    expect(overload({ ...fine, okPerS: 96, okHighPerS: 99 }).reason).toBe(
      'answered 96 % of the 100/s that it was offered',
    );
  });

  it('sees a backlog that only ever grows', () => {
    expect(overload(fine).overloaded).toBe(false);
    expect(overload({ ...fine, backlogAtThird: 60, backlogAtEnd: 170 }).overloaded).toBe(false);
    expect(overload({ ...fine, backlogAtThird: 50, backlogAtEnd: 170 }).reason).toContain('from 50 requests');
  });
});

it('counts what had arrived and not finished, the warm-up`s leftovers included', () => {
  const window = (startS: number, arrivals: number, finished: number) => ({
    startS,
    durationS: 1,
    arrivals,
    finished,
  });
  const windows = [window(-1, 10, 8), window(0, 10, 9), window(1, 10, 10), window(2, 10, 4), window(3, 0, 7)];
  expect(backlogs(windows, 3)).toEqual({ atThird: 3, atEnd: 9 });
});
