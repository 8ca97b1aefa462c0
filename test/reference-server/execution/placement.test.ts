import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { startInlineInstance } from '../../../reference-server/execution/inline-instance.ts';
import type { Instance } from '../../../reference-server/execution/instance.ts';
import { placeModel } from '../../../reference-server/execution/place-model.ts';
import { choosePlacement } from '../../../reference-server/execution/placement.ts';
import { GraphBuilder } from '../../../reference-server/models/zoo/graph-builder.ts';
import { FakeInstance } from '../fake-instance.ts';
import { VirtualClock } from '../virtual-clock.ts';

describe('choosePlacement', () => {
  // biome-ignore format: a table
  test.each([
    [undefined, undefined, 'worker', 'auto: shapes vary, so no batch stands for all'],
    [2_000_000, undefined, 'worker', 'auto: the largest batch takes 2.00e+3 us'],
    [60_000,    50_000,    'worker', 'auto: the largest batch takes 60.0 us, handing it to a thread 50.0 us'],
    [50_000,    50_000,    'inline', 'auto: the largest batch takes 50.0 us, handing it to a thread 50.0 us'],
    [12_000,    50_000,    'inline', 'auto: the largest batch takes 12.0 us, handing it to a thread 50.0 us'],
  ])('batch %s ns, way %s ns: %s', (largestBatchNs, handoverNs, placement, reason) => {
    expect(choosePlacement(largestBatchNs, handoverNs)).toEqual({ placement, reason });
  });
});

/** An instance whose every run takes so long on the clock, of which `computeNs` in the model. */
class TimedInstance extends FakeInstance {
  override readonly largestBatchNs: number | undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, options: FakeInstance['options'], largestBatchNs: number | undefined) {
    super(options);
    this.#clock = clock;
    this.largestBatchNs = largestBatchNs;
  }

  override async run(...run: Parameters<FakeInstance['run']>) {
    const sleeping = this.#clock.sleep(0.05);
    void this.#clock.runUntilIdle();
    await sleeping;
    return super.run(...run);
  }
}

const OPTIONS = { modelPath: 'm.onnx', threads: 1, provider: 'cpu', maxRows: 8 } as const;

/** Of the time that passes this thread is at work for a share only: the rest it sleeps. */
class SleepyClock extends VirtualClock {
  readonly #share: number;

  constructor(share: number) {
    super();
    this.#share = share;
  }

  override busyMs(): number {
    return this.nowMs() * this.#share;
  }
}

async function placed(
  choice: 'auto' | 'inline' | 'worker',
  instances: number,
  largestBatchNs?: number,
  busyShare = 1,
) {
  const clock = new SleepyClock(busyShare);
  const started: FakeInstance[] = [];
  const model = await placeModel(OPTIONS, choice, instances, {
    clock,
    startInstance: async (options) => {
      const instance = new TimedInstance(clock, options, largestBatchNs);
      started.push(instance);
      return instance;
    },
  });
  const instance: Instance = await model.start();
  return { model, started, instance };
}

describe('placeModel', () => {
  test('what was asked for, without a trial', async () => {
    for (const choice of ['inline', 'worker'] as const) {
      const { model, started } = await placed(choice, 1, 1000);
      expect([model.placement, model.reason]).toEqual([choice, `${choice} was asked for`]);
      expect(started.map(({ options }) => options.placement)).toEqual([choice]);
    }
  });

  test('auto measures: a model cheaper than its way goes inline, its trial thread ends', async () => {
    const { model, started, instance } = await placed('auto', 1, 20_000);
    expect(model).toMatchObject({ placement: 'inline', reason: expect.stringContaining('50.0 us') });
    expect(started.map(({ options, closed }) => [options.placement, closed])).toEqual([
      ['worker', true],
      ['inline', false],
    ]);
    expect(instance).toBe(started[1]);
  });

  test.each([[60_000], [5_000_000], [undefined]])('auto keeps the trial of a model of %s ns', async (ns) => {
    const { model, started, instance } = await placed('auto', 1, ns);
    expect(model.placement).toBe('worker');
    expect(instance).toBe(started[0]);
    expect(await model.start()).toBe(started[1]);
  });

  test('auto asks what handing over costs this thread, not how long it sleeps meanwhile', async () => {
    const { model } = await placed('auto', 1, 20_000, 0.3);
    expect(model.placement).toBe('worker');
    expect(model.reason).toBe('auto: the largest batch takes 20.0 us, handing it to a thread 15.0 us');
  });

  test('several instances need threads', async () => {
    expect((await placed('auto', 2, 10)).model.reason).toBe('auto: there are several instances');
  });
});

describe('an inline instance', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-inline-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const modelPath = join(folder, 'relu.onnx');
  const graph = new GraphBuilder(
    'relu',
    1,
    [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
  );
  graph.node('Relu', 'y', ['x']);
  writeFileSync(modelPath, Buffer.concat([...graph.file()]));
  const start = () => startInlineInstance({ modelPath, threads: 1, provider: 'cpu', maxRows: 4 });
  const part = (...values: number[]) => ({
    rows: values.length / 2,
    inputs: [
      {
        name: 'x',
        datatype: 'FP32' as const,
        shape: [values.length / 2, 2],
        data: new Uint8Array(Float32Array.from(values).buffer),
      },
    ],
  });
  const floatsOf = (data: Uint8Array | undefined) => [...new Float32Array(data?.slice().buffer ?? [])];

  test('gives every part its own rows, runs in flight kept apart, padding thrown away', async () => {
    const instance = await start();
    expect(instance.largestBatchNs).toBeGreaterThan(0);
    const runs = await Promise.all([
      instance.run([part(1, -1), part(2, -2, 3, 4)], 3, 4),
      instance.run([part(5, 6)], 1),
    ]);
    expect(runs.map(({ outputs }) => outputs.map(([y]) => [y?.shape, floatsOf(y?.data)]))).toEqual([
      [
        [
          [1, 2],
          [1, 0],
        ],
        [
          [2, 2],
          [2, 0, 3, 4],
        ],
      ],
      [
        [
          [1, 2],
          [5, 6],
        ],
      ],
    ]);
    await instance.close();
  });

  test('refuses what does not fit, and everything once it is closed; finishes what runs', async () => {
    const instance = await start();
    await expect(instance.run([part(1, 2)], 2)).rejects.toMatchObject({ failure: 'request' });
    await expect(instance.run([part(1, 2)], 1, 5)).rejects.toMatchObject({ failure: 'request' });
    const last = instance.run([part(7, -7)], 1);
    await instance.close();
    expect(floatsOf((await last).outputs[0]?.[0]?.data)).toEqual([7, 0]);
    await expect(instance.run([part(1, 2)], 1)).rejects.toMatchObject({ failure: 'died' });
  });

  test('does not start on a file that is not there', async () => {
    const options = { modelPath: join(folder, 'none'), threads: 1, provider: 'cpu', maxRows: 4 } as const;
    await expect(startInlineInstance(options)).rejects.toMatchObject({ failure: 'start' });
  });
});
