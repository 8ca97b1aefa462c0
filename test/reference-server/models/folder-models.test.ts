import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseServerConfig } from '../../../reference-server/config.ts';
import { folderModels } from '../../../reference-server/models/folder-models.ts';
import { ModelFolder, scaleModel } from '../model-folder.ts';

let folder: ModelFolder;
beforeEach(() => {
  folder = new ModelFolder();
});
afterEach(() => folder.remove());

function models(settings: object = {}) {
  const config = { repository: { path: folder.path }, batching: { maxRows: 16 }, ...settings };
  return folderModels(folder.path, parseServerConfig(JSON.stringify(config)));
}

async function planOf(name: string, config?: object) {
  const plan = await models().plan(name, config && { json: JSON.stringify(config) });
  if (plan === undefined) throw new Error(`there is no ${name}`);
  return plan;
}

describe('a folder of models', () => {
  test('without a word of configuration all is read from the ONNX file', async () => {
    folder
      .write('a/1/model.onnx', scaleModel(2))
      .write('a/2/model.onnx', scaleModel(3))
      .write('a/.hidden/x', '');
    folder.write('fixed/1/model.onnx', scaleModel(2, 5)).write('notes.txt', 'no model');
    expect([...(await models().names())].sort()).toEqual(['a', 'fixed']);
    const { versions } = await planOf('a');
    expect(versions).toHaveLength(1);
    expect(versions[0]).toMatchObject({
      version: '2',
      tensors: {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
      },
      settings: { instances: 1, batching: { maxRows: 16, maxQueueRows: 512 } },
    });
    const fixed = await planOf('fixed');
    expect(fixed.versions[0]?.settings.batching.maxRows).toBe(5);
    expect(await models().plan('none')).toBeUndefined();
    expect(await models().plan('../a')).toBeUndefined();
  });

  test('a config.pbtxt asks for a cache and leaves it to the server which; a config.yaml says so itself', async () => {
    const asks = 'response_cache { enable: true }';
    folder.write('a/1/model.onnx', scaleModel(2)).write('a/config.pbtxt', asks);
    folder.write('b/1/model.onnx', scaleModel(2)).write('b/config.yaml', 'cache: { kind: local }');
    const redis = { kind: 'redis', url: 'redis://cache:6379', ttlMs: 5 };
    const kindOf = async (name: string, cache: object) =>
      (await models({ cache }).plan(name))?.versions[0]?.settings.cache;
    expect(await kindOf('a', {})).toMatchObject({ kind: 'local' });
    expect(await kindOf('a', redis)).toMatchObject(redis);
    expect(await kindOf('b', redis)).toMatchObject({ kind: 'local', ttlMs: 5 });
  });

  test('a config.yaml says how versions share requests; that alone loads nothing again', async () => {
    folder.write('a/1/model.onnx', scaleModel(2)).write('a/2/model.onnx', scaleModel(3));
    folder.write('a/config.yaml', 'versions: all');
    const before = await planOf('a');
    folder.write(
      'a/config.yaml',
      'versions: all\nrouting: { split: { 1: 9, 2: 1 }, shadow: { version: 2 } }',
    );
    const after = await planOf('a');
    expect(before.routing).toBeUndefined();
    expect(after.routing).toEqual({
      split: { 1: 9, 2: 1 },
      shadow: { version: '2', share: 1, maxInFlight: 64 },
    });
    expect(after.available).toEqual(['1', '2']);
    const fingerprints = (plan: typeof after) => plan.versions.map(({ fingerprint }) => fingerprint);
    expect(fingerprints(after)).toEqual(fingerprints(before));
    folder.write('a/config.yaml', 'routing:\n  split: { 1: -1 }\n  shadow: { version: 2, share: 2 }');
    const { problem } = await planOf('a');
    expect(problem).toContain('config.yaml:2: routing.split.1: must be a weight from 0');
    expect(problem).toContain('config.yaml:3: routing.shadow.share: must be 1 at most');
  });

  test('weights that are listed among the inputs, as old files have them, are none', async () => {
    folder.write('a/1/model.onnx', scaleModel(2, -1, true));
    const [version] = (await planOf('a')).versions;
    expect(version?.tensors?.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  test('config.yaml: versions, labels and settings of its own', async () => {
    for (const version of [1, 2, 3]) folder.write(`a/${version}/net.onnx`, scaleModel(version));
    folder.write(
      'a/config.yaml',
      'versions: { specific: [1, 3] }\nlabels: { stable: 1 }\ndefaultVersion: stable\nfile: net.onnx\nthreads: 2\nbatching:\n  maxRows: 600\n',
    );
    const plan = await planOf('a');
    expect(plan).toMatchObject({ labels: { stable: '1' }, defaultVersion: 'stable' });
    expect(plan.problem).toBeUndefined();
    expect(plan.versions.map(({ version }) => version)).toEqual(['1', '3']);
    expect(plan.versions[0]?.settings).toMatchObject({
      threads: 2,
      batching: { maxRows: 600, maxQueueRows: 600 },
    });
  });

  test('a Triton configuration in place of the file, for one load', async () => {
    folder.write('a/1/model.onnx', scaleModel(2)).write('a/config.pbtxt', 'max_batch_size: 4');
    expect((await planOf('a')).versions[0]?.settings.batching.maxRows).toBe(4);
    const overridden = await planOf('a', { max_batch_size: 2 });
    expect(overridden.versions[0]?.settings.batching.maxRows).toBe(2);
    expect(overridden.versions[0]?.fingerprint).not.toBe((await planOf('a')).versions[0]?.fingerprint);
  });

  test('the fingerprint changes with the files and with the configuration, and not by itself', async () => {
    folder.write('a/1/model.onnx', scaleModel(2));
    const fingerprint = async () => (await planOf('a')).versions[0]?.fingerprint;
    const first = await fingerprint();
    expect(await fingerprint()).toBe(first);
    folder.write('a/1/model.onnx', scaleModel(3));
    const second = await fingerprint();
    expect(second).not.toBe(first);
    folder.write('a/config.yaml', 'instances: 2');
    expect(await fingerprint()).not.toBe(second);
  });

  test.each([
    [
      { 'a/config.yaml': 'treads: 2\nbatching: { maxRows: 0 }' },
      [
        'config.yaml:1: treads: there is no such field; did you mean threads?',
        'config.yaml:2: batching.maxRows: ',
      ],
    ],
    [{ 'a/config.yaml': '', 'a/config.pbtxt': '' }, ['there must be one of them']],
    [{ 'a/config.pbtxt': 'input {\n name: }' }, ['config.pbtxt:2: expected a value']],
    [{ 'a/config.yaml': 'versions: { specific: [7] }' }, ['there is no version 7 in ']],
    [{ 'a/x/model.onnx': '' }, []],
  ])('a broken configuration is a problem of the model: %j', async (files, found) => {
    folder.write('a/1/model.onnx', scaleModel(2));
    for (const [file, content] of Object.entries(files)) folder.write(file, content);
    const { problem } = await planOf('a');
    for (const words of found) expect(problem).toContain(words);
    expect(problem === undefined).toBe(found.length === 0);
  });

  test.each([
    ['no file', {}, 'there is no model file at '],
    ['not ONNX', { 'a/1/model.onnx': 'not a model at all' }, 'it is no ONNX model'],
    ['cut off', { 'a/1/model.onnx': scaleModel(2).subarray(0, 60) }, 'it is no ONNX model, or it is cut off'],
    [
      'another input',
      { 'a/1/model.onnx': scaleModel(2), 'a/config.pbtxt': 'max_batch_size: 2 input { name: "z" dims: 3 }' },
      "the model has no input 'z', it has x",
    ],
    [
      'another type and shape',
      {
        'a/1/model.onnx': scaleModel(2),
        'a/config.pbtxt': 'max_batch_size: 2 input { name: "x" data_type: TYPE_INT8 dims: 4 }',
      },
      "input 'x' is declared as INT8, the model's is FP32; input 'x' is declared with shape [-1,4], the model's is [-1,3]",
    ],
    [
      'a file of somebody else',
      { 'a/1/model.onnx': scaleModel(2), 'a/config.pbtxt': 'default_model_filename: "../../b/1/model.onnx"' },
      'is not in the model',
    ],
    [
      'no label file',
      { 'a/1/model.onnx': scaleModel(2), 'a/config.pbtxt': 'output { name: "y" label_filename: "l.txt" }' },
      'there is no label file at ',
    ],
  ])('a broken version is a problem of the version: %s', async (_, files, found) => {
    folder.write('a/1/other.txt', '');
    for (const [file, content] of Object.entries(files)) folder.write(file, content);
    expect((await planOf('a')).versions[0]?.problem).toContain(found);
  });

  test('the labels of an output', async () => {
    folder.write('a/1/model.onnx', scaleModel(2)).write('a/names.txt', 'cat\ndog\nowl\n');
    folder.write('a/config.yaml', 'outputs: [{ name: y, labelFile: names.txt }]');
    expect((await planOf('a')).versions[0]?.classLabels).toEqual({ y: ['cat', 'dog', 'owl'] });
  });
});
