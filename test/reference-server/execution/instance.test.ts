import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, InstanceError, startInstance } from '../../../reference-server/execution/instance.ts';
import type { InferRequest } from '../../../reference-server/infer.ts';
import { GraphBuilder } from '../../../reference-server/models/zoo/graph-builder.ts';
import { ensureModel } from '../../../reference-server/models/zoo/model-cache.ts';
import { ZOO } from '../../../reference-server/models/zoo/zoo.ts';
import {
  distance,
  floats,
  GOLDEN_MODELS,
  type GoldenModel,
  goldenOutputs,
  goldenRequest,
  goldenText,
  paddedTexts,
  TEST_CACHE,
  TOLERANCE,
} from '../../support/goldens.ts';

async function start(model: GoldenModel, maxRows: number): Promise<Instance> {
  const modelPath = await ensureModel(model, TEST_CACHE);
  return startInstance({ modelPath, threads: 1, provider: 'cpu', maxRows });
}

/** Runs these golden inputs, grouped in parts, as one batch, and holds every row against its own golden output. */
async function expectGoldens(instance: Instance, model: GoldenModel, parts: readonly (readonly number[])[]) {
  const rows = parts.flat().length;
  const result = await instance.run(
    parts.map((indexes) => goldenRequest(model, indexes)),
    rows,
  );
  const goldens = goldenOutputs(model);
  expect(result.computeNs).toBeGreaterThan(0);
  expect(result.outputs).toHaveLength(parts.length);
  for (const [i, indexes] of parts.entries()) {
    const output = result.outputs[i]?.[0];
    const values = floats(output?.data ?? new Uint8Array());
    const width = values.length / indexes.length;
    expect(output?.shape).toEqual([indexes.length, width]);
    for (const [row, index] of indexes.entries()) {
      const own = values.slice(row * width, (row + 1) * width);
      expect(distance(own, goldens[index] ?? [])).toBeLessThan(TOLERANCE[model]);
    }
  }
}

const SHAPES: Readonly<Record<GoldenModel, readonly [inputs: number[][], output: number[]]>> = {
  recommender: [[[-1, 1024]], [-1, 100]],
  'image-classifier': [[[-1, 3, 224, 224]], [-1, 1000]],
  'text-sentiment': [
    [
      [-1, -1],
      [-1, -1],
    ],
    [-1, 3],
  ],
  'demand-forecast': [[[-1, 28, 8]], [-1, 7]],
};

describe.each(GOLDEN_MODELS)('an instance of the %s', (model) => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await start(model, 7);
  });
  afterAll(() => instance.close());

  it('says what the model takes and gives, and where it runs', () => {
    const [inputs, output] = SHAPES[model];
    const bundled = ZOO.find(({ name }) => name === model);
    expect(instance.inputs).toEqual(bundled?.inputs);
    expect(instance.outputs).toEqual(bundled?.outputs);
    expect(instance.inputs.map((spec) => spec.shape)).toEqual(inputs);
    expect(instance.outputs.map((spec) => spec.shape)).toEqual([output]);
    expect([instance.providerRan, instance.providerReason]).toEqual(['cpu', 'cpu was asked for']);
  });

  it('gives the golden answer to each input alone', async () => {
    for (const index of [0, 1, 2]) await expectGoldens(instance, model, [[index]]);
  });

  it("gives each row of strangers' parts its own golden answer", async () => {
    await expectGoldens(instance, model, [[2], [0, 1], [1], [0, 2, 2]]);
    await expectGoldens(instance, model, [[1], [2], [0]]);
  });

  it('keeps runs in flight apart while buffers are used again', async () => {
    const orders = [[[0]], [[1], [2]], [[2], [1], [0]], [[1]], [[0], [2]]];
    await Promise.all(orders.map((parts) => expectGoldens(instance, model, parts)));
    await Promise.all(orders.map((parts) => expectGoldens(instance, model, parts)));
  });
});

describe('texts of different lengths', () => {
  const goldens = goldenOutputs('text-sentiment');
  let instance: Instance;
  beforeAll(async () => {
    instance = await start('text-sentiment', 4);
  });
  afterAll(() => instance.close());

  const answer = async (request: InferRequest) => {
    const result = await instance.run([request], request.rows);
    return floats(result.outputs[0]?.[0]?.data ?? new Uint8Array());
  };

  it.each([0, 1, 2])('text %d alone, without padding, has its golden answer', async (index) => {
    const text = goldenText(index);
    const own = await answer(paddedTexts([text], text.length));
    expect(distance(own, goldens[index] ?? [])).toBeLessThan(TOLERANCE['text-sentiment']);
  });

  it.each([5, 6, 23, 24, 64])('padded to %d tokens it is the same, whatever hides there', async (length) => {
    const short = [1, 2].filter((index) => goldenText(index).length <= length);
    for (const padding of [0, 7, 8191]) {
      const values = await answer(paddedTexts(short.map(goldenText), length, padding));
      const right = short.flatMap((index) => goldens[index] ?? []);
      expect(distance(values, right)).toBeLessThan(TOLERANCE['text-sentiment']);
    }
  });

  it('the mask is what hides it: shown, the padding changes the answer', async () => {
    const shown = await answer(paddedTexts([[...goldenText(2), ...Array(59).fill(7)]], 64));
    expect(distance(shown, goldens[2] ?? [])).toBeGreaterThan(100 * TOLERANCE['text-sentiment']);
  });

  it('more than 64 tokens, and ids beyond the vocabulary, are errors of that run alone', async () => {
    const long = paddedTexts([Array(65).fill(1)], 65);
    await expect(instance.run([long], 1)).rejects.toMatchObject({ failure: 'run' });
    await expect(instance.run([paddedTexts([[8192]], 1)], 1)).rejects.toMatchObject({ failure: 'run' });
    const text = goldenText(2);
    expect(distance(await answer(paddedTexts([text], 5)), goldens[2] ?? [])).toBeLessThan(1e-4);
  });
});

describe('an instance', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-instance-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('refuses parts that do not fit, and goes on', async () => {
    const instance = await start('recommender', 2);
    const one = goldenRequest('recommender', [0]);
    await expect(instance.run([one], 2)).rejects.toMatchObject({ failure: 'request' });
    await expect(instance.run([one, one, one], 3)).rejects.toMatchObject({ failure: 'request' });
    await expect(instance.run([goldenRequest('image-classifier', [0])], 1)).rejects.toThrow(
      'it has features',
    );
    await expectGoldens(instance, 'recommender', [[0]]);
    await instance.close();
  });

  it('finishes its runs before it closes, and refuses those that come later', async () => {
    const instance = await start('recommender', 1);
    const runs = [0, 1, 2].map((index) => expectGoldens(instance, 'recommender', [[index]]));
    await instance.close();
    await Promise.all(runs);
    const late = instance.run([goldenRequest('recommender', [0])], 1);
    await expect(late).rejects.toMatchObject({ failure: 'died', message: 'the instance is closed' });
    await instance.close();
  });

  it.each([
    ['exits', 'process.exit(7)', "the model's thread ended with code 7"],
    ['throws', 'throw new Error("out of luck")', "the model's thread failed: out of luck"],
  ])('whose thread %s rejects its pending runs and says why it died', async (_, deed, reason) => {
    const ready = { kind: 'ready', inputs: [], outputs: [], providerRan: 'cpu', providerReason: '' };
    const program = `import { parentPort } from 'node:worker_threads';
      parentPort.postMessage(${JSON.stringify(ready)});
      parentPort.on('message', () => { ${deed} });`;
    const entry = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const instance = await startInstance({ modelPath: '', threads: 1, provider: 'cpu', maxRows: 2 }, entry);
    const runs = [1, 2].map(() => instance.run([{ rows: 1, inputs: [] }], 1));
    for (const run of await Promise.allSettled(runs)) {
      expect(run).toMatchObject({ status: 'rejected', reason: { failure: 'died', message: reason } });
    }
    expect(await instance.died).toBe(reason);
    await expect(instance.run([{ rows: 1, inputs: [] }], 1)).rejects.toBeInstanceOf(InstanceError);
    await instance.close();
  });

  it('does not start on a file that is no model, or is not there', async () => {
    const modelPath = join(folder, 'broken.onnx');
    writeFileSync(modelPath, 'not a model');
    const options = { modelPath, threads: 1, provider: 'cpu', maxRows: 1 } as const;
    await expect(startInstance(options)).rejects.toMatchObject({ failure: 'start' });
    await expect(startInstance({ ...options, modelPath: join(folder, 'none') })).rejects.toThrow(
      'cannot serve',
    );
  });

  it('does not start a model of fixed rows with other batches', async () => {
    const modelPath = join(folder, 'fixed.onnx');
    const graph = new GraphBuilder(
      'fixed',
      1,
      [{ name: 'x', datatype: 'FP32', shape: [2, 3] }],
      [{ name: 'y', datatype: 'FP32', shape: [2, 3] }],
    );
    graph.node('Relu', 'y', ['x']);
    writeFileSync(modelPath, Buffer.concat([...graph.file()]));
    const options = { modelPath, threads: 1, provider: 'cpu' } as const;
    await expect(startInstance({ ...options, maxRows: 8 })).rejects.toThrow('takes exactly 2 rows');
    await (await startInstance({ ...options, maxRows: 2 })).close();
  });
});
