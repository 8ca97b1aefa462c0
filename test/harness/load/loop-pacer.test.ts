import { describe, expect, it } from 'vitest';
import { LoopPacer, type SleepingLoop } from '../../../harness/load/loop-pacer.ts';

/** A loop whose time the test sets. */
class FakeLoop implements SleepingLoop {
  dueAtMs: () => number = () => Number.NaN;
  onDue: () => void = () => {};
  closed = false;

  attend(dueAtMs: () => number, onDue: () => void): void {
    this.dueAtMs = dueAtMs;
    this.onDue = onDue;
  }

  tick(): void {}

  close(): void {
    this.closed = true;
  }
}

function started(onWake: (pacer: LoopPacer) => void = () => {}): { loop: FakeLoop; pacer: LoopPacer } {
  const loop = new FakeLoop();
  const pacer = new LoopPacer(loop);
  pacer.begin(
    0,
    () => onWake(pacer),
    () => {},
  );
  return { loop, pacer };
}

describe('the pacer of a sleeping loop', () => {
  it('wants to be woken for the first instant that was not dispatched', () => {
    const { loop, pacer } = started();
    expect(loop.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
    for (const dueMs of [10, 20, 30]) pacer.expect(dueMs);
    expect(loop.dueAtMs()).toBe(10);
    pacer.dispatched(2);
    expect(loop.dueAtMs()).toBe(30);
    pacer.dispatched(3);
    expect(loop.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('wakes once for an instant that nobody wants to dispatch any more', () => {
    let woken = 0;
    const { loop, pacer } = started(() => {
      woken += 1;
    });
    pacer.expect(10);
    pacer.expect(20);
    loop.onDue();
    expect([woken, loop.dueAtMs()]).toEqual([1, 20]);
    loop.onDue();
    expect([woken, loop.dueAtMs()]).toEqual([2, Number.POSITIVE_INFINITY]);
  });

  it('keeps the order of more instants than it has room for at first', () => {
    const { loop, pacer } = started();
    for (let dueMs = 0; dueMs < 1500; dueMs++) pacer.expect(dueMs);
    pacer.dispatched(1000);
    for (let dueMs = 1500; dueMs < 9000; dueMs++) pacer.expect(dueMs);
    for (let count = 1000; count < 9000; count++) {
      pacer.dispatched(count);
      expect(loop.dueAtMs()).toBe(count);
    }
  });

  it('stops the loop', async () => {
    const { loop, pacer } = started();
    await pacer.stop();
    expect(loop.closed).toBe(true);
  });
});
