import { expect, it } from 'vitest';
import { Opening } from '../../../harness/transports/opening.ts';

let nowMs = 0;

function openingOf(connections: number, timeoutMs = 1000): Opening {
  nowMs = 0;
  return new Opening({ address: { path: '/s' }, connections, timeoutMs, now: () => nowMs });
}

/** Begins as many as it lets. */
function beginAll(opening: Opening, wanted: number): number {
  let begun = 0;
  for (; opening.mayOpen(wanted, begun); begun++) opening.begun();
  return begun;
}

it('lets 64 be on their way at once, as many as are wanted, and no more than there may be', () => {
  expect(beginAll(openingOf(1000), 500)).toBe(64);
  expect(beginAll(openingOf(1000), 3)).toBe(3);
  expect(beginAll(openingOf(10), 500)).toBe(10);
  expect(beginAll(openingOf(1000), 0)).toBe(0);
});

it('leaves a server that does not accept alone for 10 ms, and twice as long each time, up to 250 ms', () => {
  const opening = openingOf(1);
  const pauses = Array.from({ length: 7 }, () => {
    opening.putOff();
    const fromMs = nowMs;
    while (!opening.mayOpen(1, 0)) nowMs += 1;
    return nowMs - fromMs;
  });
  expect(pauses).toEqual([10, 20, 40, 80, 160, 250, 250]);
  opening.welcome();
  opening.putOff();
  nowMs += 9;
  expect(opening.mayOpen(1, 0)).toBe(false);
  nowMs += 1;
  expect(opening.mayOpen(1, 0)).toBe(true);
});

it('waits before the load until the connections are open, and says how long they took', async () => {
  const opening = openingOf(2);
  expect(opening.statistics).toEqual({ opened: 0, connectMeanMs: undefined });
  let isDone = false;
  const ahead = opening
    .ahead(5, () => {
      expect(opening.stillAhead).toBe(2);
      expect(beginAll(opening, opening.stillAhead)).toBe(2);
    })
    .then(() => {
      isDone = true;
    });
  opening.opened(3);
  await Promise.resolve();
  expect([isDone, opening.stillAhead, opening.connecting]).toEqual([false, 1, 1]);
  opening.opened(5);
  await ahead;
  expect([opening.stillAhead, opening.connecting]).toEqual([0, 0]);
  expect(opening.statistics).toEqual({ opened: 2, connectMeanMs: 4 });
});

it('does not wait before the load for what cannot be opened, nor for nothing', async () => {
  const opening = openingOf(2);
  const ahead = opening.ahead(2, () => beginAll(opening, 2));
  opening.failed();
  opening.endAhead();
  await ahead;
  expect([opening.stillAhead, opening.connecting]).toEqual([0, 1]);
  await openingOf(2).ahead(0, () => expect.unreachable());
});

it('gives an attempt to connect as long as a request, and 5 s at most', () => {
  expect(openingOf(1, 700).connectTimeoutMs).toBe(700);
  expect(openingOf(1, 60_000).connectTimeoutMs).toBe(5000);
});

it('looks up a name once, before the load', async () => {
  const opening = new Opening({
    address: { host: 'localhost', port: 9 },
    connections: 0,
    timeoutMs: 1,
    now: () => 0,
  });
  await opening.ahead(1, () => {});
  expect(opening.address).toMatchObject({ host: expect.stringMatching(/^(127\.0\.0\.1|::1)$/), port: 9 });
});
