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
  const pool = await InstancePool.start(
    { instances, inFlight },
    {
      clock,
      log: (event) => events.push(event),
      async start() {
        if (failStarts.includes(starts++)) throw new Error('no memory');
        const instance = new FakeInstance(OPTIONS);
        started.push(instance);
        return instance;
      },
    },
  );
  return { pool, clock, started, events };
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
    await expect(lost).rejects.toMatchObject({ kind: 'internal', message: 'segmentation fault' });
    expect(pool.running).toBe(1);
    await clock.runUntilIdle();
    expect([pool.running, freeSlots(pool), started.length, changes]).toEqual([2, 2, 3, 1]);
    expect(events).toEqual(['an instance died', 'an instance was restarted']);
  });

  test('when no restart works the pool says why, and when one does it goes on', async () => {
    const failing = await startPool(1, 1, [1, 2, 3]);
    failing.started[0]?.die('segmentation fault');
    await failing.clock.runUntilIdle();
    expect(failing.pool.failure()).toBe('no memory');

    const recovering = await startPool(1, 1, [1, 2]);
    recovering.started[0]?.die('segmentation fault');
    await recovering.clock.runUntilIdle();
    expect([recovering.pool.failure(), recovering.pool.running]).toEqual([undefined, 1]);
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
