import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Document, GrpcClient } from './grpc-client.ts';
import { ModelFolder, scaleModel } from './model-folder.ts';
import { endServers, startServer } from './server-process.ts';

let folder: ModelFolder;
let client: GrpcClient | undefined;

beforeEach(() => {
  folder = new ModelFolder();
});
afterEach(async () => {
  client?.close();
  await endServers();
  folder.remove();
});

/** A server on that folder that callers may load and unload by, and its gRPC door. */
async function start(): Promise<GrpcClient> {
  const repository = { path: folder.path, mode: 'explicit', load: ['scale'] };
  const { announced } = await startServer({ models: [], repository, grpcPort: 0 });
  client = new GrpcClient(announced.grpc);
  return client;
}

const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
const row = (value: number, id = '') => ({
  model_name: 'scale',
  id,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3] }],
  raw_input_contents: [floats(value, value, value)],
});

test('models are loaded, configured, broken and unloaded over gRPC', async () => {
  folder.write('scale/1/model.onnx', scaleModel(2));
  folder.write('other/7/model.onnx', scaleModel(9));
  const door = await start();
  const states = async (asked: object = {}) =>
    (await door.call('RepositoryIndex', asked)).models.map(({ name, state }: Document) => `${name} ${state}`);
  expect(await states()).toEqual(['other UNAVAILABLE', 'scale READY']);
  expect(await states({ ready: true })).toEqual(['scale READY']);
  expect(await door.call('ModelReady', { name: 'scale' })).toEqual({ ready: true });

  const config = { config: { string_param: '{"max_batch_size": 3}' } };
  await door.call('RepositoryModelLoad', { model_name: 'scale', parameters: config });
  expect((await door.call('ModelConfig', { name: 'scale' })).config.max_batch_size).toBe(3);

  folder.write('scale/1/model.onnx', 'somebody broke it');
  const broken = await door.refusal('RepositoryModelLoad', { model_name: 'scale' });
  expect(broken).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(broken.details).toContain("failed to load 'scale'");
  const nobody = await door.refusal('RepositoryModelLoad', { model_name: 'nobody' });
  expect(nobody.code).toBe(status.NOT_FOUND);
  const odd = { model_name: 'scale', parameters: { odd: { bool_param: true } } };
  expect((await door.refusal('RepositoryModelLoad', odd)).code).toBe(status.INVALID_ARGUMENT);

  await door.call('RepositoryModelUnload', { model_name: 'scale' });
  expect(await states({ ready: true })).toEqual([]);
  expect(await door.call('ModelReady', { name: 'scale' })).toEqual({ ready: false });
  expect((await door.refusal('ModelInfer', row(1))).code).toBe(status.UNAVAILABLE);
});

test('a stream goes on while its model is replaced: each answer is of one of the two', async () => {
  folder.write('scale/1/model.onnx', scaleModel(2));
  const door = await start();
  const stream = door.stream('ModelStreamInfer');
  const factors: number[] = [];
  let asked = 0;
  const ask = () => stream.write(row(++asked, String(asked)));
  const done = new Promise<void>((resolve) => {
    stream.on('data', ({ error_message, infer_response }: Document) => {
      expect(error_message).toBe('');
      const value = Number(infer_response.id);
      factors.push(infer_response.raw_output_contents[0].readFloatLE(0) / value);
      if (factors.at(-1) === 3 && factors.length > 200) resolve();
      else ask();
    });
  });
  for (let slot = 0; slot < 4; slot++) ask();
  folder.write('scale/1/model.onnx', scaleModel(3));
  await door.call('RepositoryModelLoad', { model_name: 'scale' });
  await done;
  stream.on('error', () => {});
  stream.cancel();
  expect(new Set(factors)).toEqual(new Set([2, 3]));
});
