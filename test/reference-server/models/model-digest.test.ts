import { afterAll, expect, test } from 'vitest';
import { parseServerConfig } from '../../../reference-server/config.ts';
import { modelDigest } from '../../../reference-server/models/model-digest.ts';
import type { VersionPlan } from '../../../reference-server/models/model-plan.ts';
import { ModelFolder, scaleModel } from '../model-folder.ts';

const folder = new ModelFolder();
afterAll(() => folder.remove());

function planWith(settings: object = {}, more: Partial<VersionPlan> = {}): VersionPlan {
  const models = [{ name: 'm', source: 'm.onnx' }];
  return {
    name: 'm',
    version: '1',
    source: 'm.onnx',
    settings: parseServerConfig(JSON.stringify({ models, ...settings })),
    sharesBatches: true,
    warmUp: [],
    classLabels: {},
    fingerprint: 'any',
    ...more,
  };
}

/** A model some of whose weights are in another file, which it names as ONNX does. */
function modelWith(weightFile: string): Buffer {
  const entry = (key: string, value: string) =>
    Buffer.concat([
      Buffer.of(0x0a, key.length),
      Buffer.from(key),
      Buffer.of(0x12, value.length),
      Buffer.from(value),
    ]);
  return Buffer.concat([Buffer.from('graph'), entry('location', weightFile), entry('offset', '0')]);
}

const digest = (file: string, plan = planWith()) => modelDigest(plan, `${folder.path}/${file}`);

test('the content decides, not the place, the date or what the model is called', async () => {
  folder.write('a/model.onnx', scaleModel(2)).write('b/other.onnx', scaleModel(2));
  const one = await digest('a/model.onnx');
  expect(one).toMatch(/^[\w-]{43}$/);
  expect(await digest('b/other.onnx')).toBe(one);
  const renamed = planWith({}, { name: 'n', version: '2', source: 'b', fingerprint: 'x' });
  expect(await digest('b/other.onnx', renamed)).toBe(one);
  expect(await digest('a/model.onnx', planWith({ batching: { maxRows: 4 }, instances: 2 }))).toBe(one);
  folder.write('b/other.onnx', scaleModel(3));
  expect(await digest('b/other.onnx')).not.toBe(one);
});

test('what computes differently is another: the provider, and what a plan gains', async () => {
  folder.write('a/model.onnx', scaleModel(2));
  const one = await digest('a/model.onnx');
  expect(await digest('a/model.onnx', planWith({ provider: 'webgpu' }))).not.toBe(one);
  const gained = [{ steps: ['clip'] }, { tables: new Map([['a', 1]]) }, { tables: new Map([['a', 2]]) }];
  const digests = await Promise.all(gained.map((more) => digest('a/model.onnx', { ...planWith(), ...more })));
  expect(new Set([one, ...digests]).size).toBe(4);
});

test('weights in a file beside the model count', async () => {
  folder.write('c/model.onnx', modelWith('parts/weights.bin')).write('c/parts/weights.bin', 'one');
  const one = await digest('c/model.onnx');
  folder.write('c/unrelated.bin', 'x');
  expect(await digest('c/model.onnx')).toBe(one);
  folder.write('c/parts/weights.bin', 'two');
  expect(await digest('c/model.onnx')).not.toBe(one);
});
