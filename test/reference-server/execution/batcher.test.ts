import { describe, expect, test } from 'vitest';
import { levelPolicy, type Sent, scene } from './scripted-runner.ts';

const one = { rows: 1 };

/** `sent` by the figures of the batches that they ran in. */
function batchesOf({ runner, sent }: ReturnType<typeof scene>): string[] {
  return runner.batches.map(
    ({ parts, atMs }) =>
      `${parts.map((part) => sent.findIndex((each) => each.request === part)).join(' ')} @${atMs}`,
  );
}

const kindsOf = (sent: readonly Sent[]) => sent.map(({ error }) => error?.kind);

describe('forming batches', () => {
  test('at zero delay the batches are what piled up behind the busy instance', async () => {
    const { clock, executions, sent, send } = scene();
    for (const atMs of [0, 1, 2, 3]) clock.after(atMs, () => send(one));
    await clock.runUntilIdle();
    expect(executions.map(({ rows, reason }) => [rows, reason])).toEqual([
      [1, 'idle'],
      [3, 'idle'],
    ]);
    expect(sent.map(({ queueNs }) => queueNs)).toEqual([0, 9e6, 8e6, 7e6]);
  });

  test('what arrives in the same turn leaves together', async () => {
    const { clock, executions, send } = scene();
    clock.after(5, () => {
      for (let index = 0; index < 3; index++) send(one);
    });
    await clock.runUntilIdle();
    expect(executions.map(({ rows }) => rows)).toEqual([3]);
  });

  test('the delay counts from the oldest request', async () => {
    const { clock, runner, executions, send } = scene({ maxDelayMs: 5 });
    for (const atMs of [10, 12, 14]) clock.after(atMs, () => send(one));
    await clock.runUntilIdle();
    expect(runner.batches.map(({ atMs, rows }) => [atMs, rows])).toEqual([[15, 3]]);
    expect(executions[0]?.reason).toBe('delay');
  });

  test('a preferred size leaves at once, what is beyond it waits for its own delay', async () => {
    const set = scene({ maxDelayMs: 50, preferredRows: [2] });
    for (const atMs of [0, 20, 21]) set.clock.after(atMs, () => set.send(one));
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 1 @20', '2 @71']);
    expect(set.executions.map(({ reason }) => reason)).toEqual(['preferred', 'delay']);
  });

  test('each shape has batches of its own, and its own delay', async () => {
    const set = scene({ maxDelayMs: 10, maxRows: 2 }, { instances: 2 });
    const shapes = ['1', '2', '1', '3'];
    shapes.forEach((shape, atMs) => {
      set.clock.after(atMs, () => set.send({ rows: 1, shape }));
    });
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 2 @2', '1 @11', '3 @13']);
    expect(set.executions.map(({ reason }) => reason)).toEqual(['full', 'delay', 'delay']);
  });

  test('a batch is padded to the next allowed size, and the padding counted apart', async () => {
    const { clock, runner, executions, send } = scene({ allowedRows: [2, 8] });
    for (const [rows, atMs] of [3, 1].entries()) clock.after(atMs * 20, () => send({ rows: rows + 1 }));
    clock.after(100, () => send({ rows: 3 }));
    await clock.runUntilIdle();
    expect(runner.batches.map(({ rows, size }) => [rows, size])).toEqual([
      [2, 2],
      [1, 2],
      [3, 8],
    ]);
    expect(executions.map(({ rows, paddedRows }) => [rows, paddedRows])).toEqual([
      [2, 0],
      [1, 1],
      [3, 5],
    ]);
  });

  test('only a batch that cannot get better goes ahead to a busy instance', async () => {
    const set = scene({ maxRows: 2 }, { depth: 2 });
    for (const atMs of [0, 1, 2, 3]) set.clock.after(atMs, () => set.send(one));
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 @0', '1 2 @2', '3 @20']);
    expect(set.sent.map(({ queueNs }) => queueNs)).toEqual([0, 9e6, 8e6, 17e6]);
  });
});

describe('the queue', () => {
  test('a full one answers 503 and says the figures', async () => {
    const queue = { maxRows: 3, defaultLevel: 1, levels: [levelPolicy()] };
    const { clock, sent, send, dropped } = scene({ maxRows: 2, queue });
    for (let index = 0; index < 6; index++) clock.after(index * 0.1, () => send(one));
    await clock.runUntilIdle();
    expect(sent.map(({ answers }) => answers)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(sent[4]?.error?.status).toBe(503);
    expect(sent[4]?.error?.message).toBe('Exceeds maximum queue size: 3 rows wait, 1 more would pass 3');
    expect(dropped['queue-full']).toBe(2);
  });

  test('whoever arrives in one turn finds the room of those who may leave in it', async () => {
    const queue = { maxRows: 1, defaultLevel: 1, levels: [levelPolicy()] };
    const { clock, sent, send } = scene({ maxRows: 1, queue });
    for (let index = 0; index < 3; index++) send(one);
    await clock.runUntilIdle();
    expect(kindsOf(sent)).toEqual([undefined, undefined, 'unavailable']);
  });

  test('callers that went away are dropped before execution and make room in a full queue', async () => {
    const queue = { maxRows: 2, defaultLevel: 1, levels: [levelPolicy()] };
    const { clock, runner, sent, send, dropped } = scene({ maxRows: 2, queue });
    const caller = new AbortController();
    send(one);
    clock.after(1, () => {
      send({ ...one, signal: caller.signal });
      send({ ...one, signal: caller.signal });
      caller.abort();
      send({ rows: 2 });
    });
    await clock.runUntilIdle();
    expect(runner.batches.map(({ rows }) => rows)).toEqual([1, 2]);
    expect(kindsOf(sent)).toEqual([undefined, 'cancelled', 'cancelled', undefined]);
    expect(dropped.cancelled).toBe(2);
  });

  test('a full queue is searched for callers that went away every 50 ms, however many it refuses', async () => {
    const queue = { maxRows: 2, defaultLevel: 1, levels: [levelPolicy()] };
    const { clock, sent, send } = scene({ maxRows: 2, queue }, { serviceMs: 100 });
    const caller = new AbortController();
    let [looks, gone] = [0, false];
    const watched = Object.defineProperty(caller.signal, 'aborted', {
      get: () => {
        looks += 1;
        return gone;
      },
    });
    send(one);
    clock.after(1, () => {
      for (let index = 0; index < 2; index++) send({ ...one, signal: watched });
      for (let index = 0; index < 100; index++) send(one);
      expect(looks).toBeLessThanOrEqual(4);
      gone = true;
    });
    clock.after(50.5, () => send(one));
    clock.after(51, () => send(one));
    await clock.runUntilIdle();
    expect(kindsOf(sent.slice(1, 3))).toEqual(['cancelled', 'cancelled']);
    expect(kindsOf(sent.slice(-2))).toEqual(['unavailable', undefined]);
  });

  test('who has waited too long is refused at that instant, and runs no more', async () => {
    const queue = { maxRows: 64, defaultLevel: 1, levels: [levelPolicy({ timeoutMs: 4 })] };
    const { clock, sent, send, runner, dropped } = scene({ maxRows: 1, queue });
    for (const atMs of [0, 5, 7]) clock.after(atMs, () => send(one));
    await clock.runUntilIdle();
    expect(sent.map(({ settledAtMs }) => settledAtMs)).toEqual([10, 9, 20]);
    expect(sent[1]?.error).toMatchObject({ status: 503, message: 'Request timeout expired' });
    expect([runner.batches.length, dropped.timeout]).toEqual([2, 1]);
  });

  test('deferred requests go behind the others of their priority', async () => {
    const levels = [levelPolicy({ timeoutMs: 4, timeoutAction: 'defer' })];
    const set = scene({ maxRows: 1, queue: { maxRows: 64, defaultLevel: 1, levels } });
    for (const atMs of [0, 1, 2, 9]) set.clock.after(atMs, () => set.send(one));
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 @0', '3 @10', '1 @20', '2 @30']);
    expect([set.counts.deferred, set.dropped.timeout]).toEqual([2, 0]);
  });

  test('deferred ones keep the order of their arrival, in whichever order their timeouts end', async () => {
    const levels = [levelPolicy({ timeoutAction: 'defer', allowTimeoutOverride: true })];
    const set = scene({ maxRows: 1, queue: { maxRows: 64, defaultLevel: 1, levels } });
    [0, 7, 3].forEach((timeoutMs, atMs) => {
      set.clock.after(atMs, () => set.send({ rows: 1, timeoutMs }));
    });
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 @0', '1 @10', '2 @20']);
  });

  test("a caller's own timeout only shortens the wait, and only where that is allowed", async () => {
    const settledWith = async (timeoutMs: number, allowTimeoutOverride: boolean) => {
      const levels = [levelPolicy({ timeoutMs: 6, allowTimeoutOverride })];
      const { clock, send } = scene({ maxRows: 1, queue: { maxRows: 64, defaultLevel: 1, levels } });
      send(one);
      let second: Sent | undefined;
      clock.after(1, () => {
        second = send({ rows: 1, timeoutMs });
      });
      await clock.runUntilIdle();
      return second?.settledAtMs;
    };
    expect(await settledWith(2, true)).toBe(3);
    expect(await settledWith(0, true)).toBe(7);
    expect(await settledWith(100, true)).toBe(7);
    expect(await settledWith(2, false)).toBe(7);
  });

  test('a higher priority overtakes, an unknown one is the default; a level may have a bound of its own', async () => {
    const levels = [levelPolicy(), levelPolicy(), levelPolicy({ maxRows: 2 })];
    const set = scene({ maxRows: 1, queue: { maxRows: 64, defaultLevel: 2, levels } });
    const priorities = [2, 3, 3, 0, 9, 1, 3];
    priorities.forEach((priority, atMs) => {
      set.clock.after(atMs, () => set.send({ rows: 1, priority }));
    });
    await set.clock.runUntilIdle();
    expect(batchesOf(set)).toEqual(['0 @0', '5 @10', '3 @20', '4 @30', '1 @40', '2 @50']);
    expect(set.sent[6]?.error?.message).toBe(
      'Exceeds maximum queue size: 2 rows wait, 1 more would pass 2 of priority 3',
    );
  });
});

describe('failures', () => {
  test('a failed batch fails its own requests and no others', async () => {
    const { clock, runner, executions, sent, send } = scene({ maxRows: 1 });
    send(one);
    send(one);
    runner.fails = true;
    clock.after(15, () => {
      runner.fails = false;
    });
    await clock.runUntilIdle();
    expect(sent.map(({ error }) => error?.status)).toEqual([500, undefined]);
    expect(executions.length).toBe(1);
  });

  test('one request that the model cannot run fails alone: its companions run again, each by itself', async () => {
    const set = scene({ maxDelayMs: 5 });
    for (let index = 0; index < 3; index++) set.send(one);
    set.runner.poison = set.sent[1]?.request;
    await set.clock.runUntilIdle();
    expect(kindsOf(set.sent)).toEqual([undefined, 'internal', undefined]);
    expect(batchesOf(set)).toEqual(['0 1 2 @5', '0 @15', '1 @25', '2 @35']);
    expect(set.executions.map(({ rows }) => rows)).toEqual([1, 1]);
  });

  test('without any instance left, waiting and new requests get 503', async () => {
    const { clock, runner, sent, send, dropped } = scene({ maxRows: 1 });
    send(one);
    send(one);
    clock.after(1, () => {
      runner.gone = 'out of memory';
      runner.onChange();
      send(one);
    });
    await clock.runUntilIdle();
    expect(sent.map(({ error }) => error?.status)).toEqual([undefined, 503, 503]);
    expect(sent[2]?.error?.message).toContain('out of memory');
    expect(dropped['no-instance']).toBe(2);
  });

  test('closing refuses what waits', async () => {
    const { clock, batcher, sent, send, dropped } = scene({ maxRows: 1 });
    send(one);
    send(one);
    clock.after(1, () => batcher.close('shutting down'));
    await clock.runUntilIdle();
    expect(kindsOf(sent)).toEqual([undefined, 'unavailable']);
    expect(dropped.shutdown).toBe(1);
  });

  test('a request larger than any batch is invalid', async () => {
    const { clock, sent, send } = scene();
    send({ rows: 9 });
    await clock.runUntilIdle();
    expect(kindsOf(sent)).toEqual(['invalid']);
  });
});
