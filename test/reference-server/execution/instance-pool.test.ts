import { describe, expect, test } from 'vitest';
import { handoverNs, InstancePool } from '../../../reference-server/execution/instance-pool.ts';
import { FakeInstance } from '../fake-instance.ts';
import { settle, VirtualClock } from '../virtual-clock.ts';

const OPTIONS = { modelPath: 'm.onnx', threads: 1, provider: 'cpu', maxRows: 8 } as const;
const part = {
  rows: 1,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: new Uint8Array(12) }],
} as const;

async function startPool(instances: number, inFlight: number, failStarts: readonly number[] = []) {
  const clock = new VirtualClock();
  const started: FakeInstance[] = [];
  const events: string[] = [];
  let starts = 0;
  let crashes = 0;
  const pool = await InstancePool.start(
    { instances, inFlight },
    {
      clock,
      log: (event) => events.push(event),
      onCrash: () => crashes++,
      async start() {
        if (failStarts.includes(starts++)) throw new Error('no memory');
        const instance = new FakeInstance(OPTIONS);
        started.push(instance);
        return instance;
      },
    },
  );
  return { pool, clock, started, events, crashes: () => crashes };
}

function freeSlots(pool: InstancePool): number {
  const { idle, ahead } = pool.slots();
  return idle + ahead;
}

describe('InstancePool', () => {
  test('batches go to the instance with the least to do, up to inFlight each', async () => {
    const { pool, started } = await startPool(2, 2);
    const releases = started.map((instance) => instance.hold());
    expect(pool.slots()).toEqual({ idle: 2, ahead: 2 });
    const runs = [1, 2, 3].map((rows) => pool.run([part], rows, rows));
    expect(started.map((instance) => instance.batches)).toEqual([[1, 3], [2]]);
    expect(pool.slots()).toEqual({ idle: 0, ahead: 1 });
    for (const release of releases) release();
    await Promise.all(runs);
    expect(freeSlots(pool)).toBe(4);
  });

  test('a second batch in flight starts when the first is done: until then it was queueing', async () => {
    const { pool, clock, started } = await startPool(1, 2);
    const release = started[0]?.hold();
    const first = pool.run([part], 1, 1);
    const second = pool.run([part], 2, 2);
    clock.after(10, () => release?.());
    await clock.runUntilIdle();
    const runs = await Promise.all([first, second]);
    expect(runs.map((run) => run.startedAtMs)).toEqual([0, 10]);
    expect(runs.map(handoverNs)).toEqual([10e6 - 1000, 0]);
  });

  test('an instance that died is restarted; the pool reports the free slot', async () => {
    const { pool, clock, started, events } = await startPool(2, 1);
    let changes = 0;
    pool.onChange = () => changes++;
    started[0]?.hold();
    const lost = pool.run([part], 1, 1);
    started[0]?.die('segmentation fault');
    await expect(lost).rejects.toMatchObject({ kind: 'crashed', message: 'segmentation fault' });
    expect(pool.running).toBe(1);
    await clock.runUntilIdle();
    expect([pool.running, freeSlots(pool), started.length, changes]).toEqual([2, 2, 3, 2]);
    expect(events).toEqual(['an instance died', 'an instance was restarted']);
  });

  test('one that does not start again is tried later and later; after the fifth crash the circuit is open', async () => {
    const { pool, clock, started, crashes } = await startPool(1, 1, [1, 2, 3, 4, 5]);
    const seen: string[] = [];
    started[0]?.die('segmentation fault');
    await clock.runUntilIdle(() => seen.push(`${clock.nowMs()} ${pool.failure() ?? 'waits'}`));
    const open = 'no memory (it keeps crashing, and is tried again every half minute)';
    expect(seen).toEqual([
      '0 waits',
      '200 waits',
      '1200 waits',
      `6200 ${open}`,
      `36200 ${open}`,
      '66200 waits',
    ]);
    expect([pool.running, pool.circuitsOpen, crashes(), started.length]).toEqual([1, 0, 6, 2]);
  });

  test('one that starts and dies again and again opens the circuit as well', async () => {
    const { pool, clock, started } = await startPool(1, 1);
    const openAt: number[] = [];
    for (let deaths = 0; deaths < 5; deaths++) {
      started.at(-1)?.die(`death ${deaths + 1}`);
      await settle();
      if (pool.failure() !== undefined) openAt.push(deaths);
      await clock.runUntilIdle();
    }
    expect(openAt).toEqual([4]);
    expect([started.length, clock.nowMs(), pool.running]).toEqual([6, 36_200, 1]);
  });

  test('one instance whose circuit is open leaves the others at work', async () => {
    const { pool, clock, started } = await startPool(2, 1, [2, 3, 4, 5]);
    started[0]?.die('segmentation fault');
    const open: number[] = [];
    await clock.runUntilIdle(() => {
      expect(pool.failure()).toBeUndefined();
      open.push(pool.circuitsOpen);
    });
    expect(open).toEqual([0, 0, 0, 1, 0]);
    expect(pool.running).toBe(2);
  });

  test('while one circuit is open and another instance restarts, requests wait for it', async () => {
    const { pool, clock, started } = await startPool(2, 1, [2, 3, 4, 5]);
    started[0]?.die('segmentation fault');
    const seen: unknown[] = [];
    clock.after(7000, () => {
      started[1]?.die('segmentation fault');
      clock.after(0, () => seen.push(pool.running, pool.circuitsOpen, pool.failure()));
    });
    await clock.runUntilIdle();
    expect(seen).toEqual([0, 1, undefined]);
    expect([pool.running, started.length]).toEqual([2, 4]);
  });

  test('closing while a restart is due starts nothing any more', async () => {
    const { pool, clock, started } = await startPool(1, 1);
    started[0]?.die('segmentation fault');
    await settle();
    await pool.close();
    await clock.runUntilIdle();
    expect(started.length).toBe(1);
  });

  test('one instance that does not start closes the others and fails the start', async () => {
    await expect(startPool(3, 1, [1])).rejects.toThrow('no memory');
  });

  test('close ends every instance and is no death', async () => {
    const { pool, started, events } = await startPool(2, 1);
    await pool.close();
    started[0]?.die('closed');
    await settle();
    expect(started.every((instance) => instance.closed)).toBe(true);
    expect(events).toEqual([]);
  });
});
