import { afterEach, describe, expect, test } from 'vitest';
import type { ReferenceServer } from '../../reference-server/server.ts';
import { until } from '../support/until.ts';
import { startEchoServer } from './echo-server.ts';
import type { FakeInstance } from './fake-instance.ts';
import { GrpcClient } from './grpc-client.ts';
import { ModelFolder, scaleModel } from './model-folder.ts';
import { endServers, startServer } from './server-process.ts';

let server: ReferenceServer | undefined;
let client: GrpcClient;
let instance: FakeInstance | undefined;
let url = '';

/** A server on real sockets in this process, with a stand-in for the model. */
async function start(settings: object = {}): Promise<void> {
  const models = [{ name: 'echo', source: 'echo', cache: { kind: 'local' } }];
  const started = await startEchoServer({ models, ...settings });
  ({ server, url, instance } = started);
  client = new GrpcClient(started.grpcUrl);
}

afterEach(async () => {
  client?.close();
  await server?.stop();
  server = undefined;
});

const floats = (...values: number[]) => Buffer.from(Float32Array.of(...values).buffer);
const json = (values: readonly number[], more: object = {}) =>
  JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: values }], ...more });

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const init = { method: 'POST', body, headers, ...(signal === undefined ? {} : { signal }) };
  const response = await fetch(`${url}/v2/models/echo/infer`, init);
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString('latin1') };
}

const raw = (values: readonly number[]) =>
  post(new Uint8Array(floats(...values)), { 'Inference-Header-Content-Length': '0' });

async function statistics() {
  const answer = (await (await fetch(`${url}/v2/models/echo/stats`)).json()) as {
    model_stats: { inference_stats: object; inferometer: object }[];
  };
  return answer.model_stats[0];
}

describe('answers from the cache', () => {
  test.each([
    ['JSON', () => post(json([1, 2.5, -3]))],
    ['JSON to binary', () => post(json([1, 2.5, -3], { parameters: { binary_data_output: true } }))],
    ['chosen outputs', () => post(json([1, 2.5, -3], { outputs: [{ name: 'label' }] }))],
    ['raw', () => raw([1, 2.5, -3])],
  ])('%s: the same bytes as the computed one', async (_, ask) => {
    await start();
    const computed = await ask();
    expect(computed.status).toBe(200);
    expect(await ask()).toEqual(computed);
    expect(instance?.batches).toEqual([1]);
  });

  test('one answer serves every encoding and both doors, each request under its own id', async () => {
    await start();
    await post(json([1, 2.5, -3], { id: 'first' }));
    expect(JSON.parse((await post(json([1, 2.5, -3], { id: 'second' }))).body)).toMatchObject({
      id: 'second',
      outputs: [{ name: 'same', data: [1, 2.5, -3] }, { name: 'label' }],
    });
    expect((await raw([1, 2.5, -3])).body).toContain(floats(1, 2.5, -3).toString('latin1'));
    const input = { name: 'x', datatype: 'FP32', shape: [1, 3] };
    const message = { model_name: 'echo', inputs: [input], raw_input_contents: [floats(1, 2.5, -3)] };
    const answer = await client.call('ModelInfer', { ...message, id: 'third' });
    expect(answer.id).toBe('third');
    expect(Buffer.from(answer.raw_output_contents[0])).toEqual(floats(1, 2.5, -3));
    expect(instance?.batches).toEqual([1]);
    await post(json([1, 2.5, -3.5]));
    expect(instance?.batches).toEqual([1, 1]);
  });

  test('who asks is told how old an answer from the cache is, over both doors; to others nothing changes', async () => {
    await start();
    const asking = { parameters: { cache_age: true } };
    const aged = async (more: object = {}) => {
      const { status, body } = await post(json([1, 2.5, -3], { ...asking, ...more }));
      const end = body.indexOf('}]}') + 3;
      return { status, said: JSON.parse(body.slice(0, end)).parameters };
    };
    const before = performance.now();
    expect(await aged()).toEqual({ status: 200, said: undefined });
    const plain = await post(json([1, 2.5, -3]));
    expect(plain.body).not.toContain('cache_age');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const binary = { parameters: { ...asking.parameters, binary_data_output: true } };
    const ages = [(await aged()).said, (await aged(binary)).said, (await aged({ id: 'x' })).said];
    const message = {
      model_name: 'echo',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3] }],
      raw_input_contents: [floats(1, 2.5, -3)],
    };
    const answer = await client.call('ModelInfer', {
      ...message,
      parameters: { cache_age: { bool_param: true } },
    });
    ages.push({ cache_age_us: Number(answer.parameters.cache_age_us.int64_param) });
    expect((await client.call('ModelInfer', message)).parameters).toEqual({});
    const atMostUs = 1000 * (performance.now() - before);
    const us = ages.map(({ cache_age_us }) => cache_age_us);
    expect(us).toEqual([...us].sort((a, b) => a - b));
    expect(us.every((one) => Number.isInteger(one) && one >= 5000 && one <= atMostUs)).toBe(true);
    expect(instance?.batches).toEqual([1]);
    const refused = await post(json([1, 2.5, -3], { parameters: { cache_age: 'yes' } }));
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('must be true or false');
  });

  test('equal requests under way run once; the statistics and the metrics say so', async () => {
    await start({ cache: { maxBytes: 2000 } });
    const release = instance?.hold();
    const leaving = new AbortController();
    const first = post(json([1, 2, 3], { id: 'a' }), {}, leaving.signal).catch(() => 'gone');
    await until(() => instance?.batches.length === 1);
    const joined = ['b', 'c'].map((id) => post(json([1, 2, 3], { id })));
    await until(() => server?.models[0]?.statistics.cacheJoins === 2);
    leaving.abort();
    expect(await first).toBe('gone');
    await until(() => server?.models[0]?.statistics.failures.CANCELED === 1);
    release?.();
    const answers = (await Promise.all(joined)).map(({ body }) => JSON.parse(body));
    expect(answers.map(({ id, outputs }) => [id, outputs[0].data])).toEqual([
      ['b', [1, 2, 3]],
      ['c', [1, 2, 3]],
    ]);
    await post(json([1, 2, 3]));
    await post(json([4, 5, 6]));
    await post(json([7, 8, 9]));
    expect(instance?.batches).toEqual([1, 1, 1]);

    expect(await statistics()).toMatchObject({
      inference_count: 3,
      execution_count: 3,
      inference_stats: {
        success: { count: 5 },
        fail: { count: 1 },
        queue: { count: 5 },
        compute_infer: { count: 2 },
        cache_hit: { count: 1 },
        cache_miss: { count: 3 },
      },
      inferometer: { arrivals: 6, cache_joins: 2, cache_left: { evicted: 2, expired: 0 } },
    });
    const [overGrpc] = (await client.call('ModelStatistics', { name: 'echo' })).model_stats;
    expect(overGrpc.inference_stats).toMatchObject({ cache_hit: { count: 1 }, cache_miss: { count: 3 } });
    expect(overGrpc.inferometer).toMatchObject({ cache_joins: 2, cache_left: { evicted: 2 } });
    const page = await (await fetch(`${url}/metrics`)).text();
    const labels = '{model="echo",version="1"}';
    expect(page).toContain(`nv_cache_num_hits_per_model${labels} 1`);
    expect(page).toContain(`nv_cache_num_misses_per_model${labels} 3`);
    expect(page).toContain(`nv_cache_num_lookups${labels} 6`);
    expect(page).toContain(`nv_cache_num_entries${labels} 1`);
    expect(page).toContain(`nv_cache_num_evictions${labels} 2`);
    expect(page).toContain(`inferometer_cache_joins_total${labels} 2`);
    expect(page).toMatch(/nv_cache_util\{model="echo",version="1"\} 0\.\d+/);
    expect(page).toMatch(/nv_cache_hit_duration_per_model\{/);
  });

  test('the configuration says what runs; without a cache everything is computed, and there is no such gauge', async () => {
    await start();
    const config = await (await fetch(`${url}/v2/models/echo/config`)).json();
    expect(config).toMatchObject({
      response_cache: { enable: true },
      inferometer: { cache: { kind: 'local', maxBytes: 67_108_864, ttlMs: 0 } },
    });
    const overGrpc = await client.call('ModelConfig', { name: 'echo' });
    expect(overGrpc.config).toMatchObject({
      response_cache: { enable: true },
      inferometer: { cache: { kind: 'local' } },
    });
    client?.close();
    await server?.stop();

    await start({ models: [{ name: 'echo', source: 'echo' }] });
    await post(json([1, 2, 3]));
    await post(json([1, 2, 3]));
    expect(instance?.batches).toEqual([1, 1]);
    expect(await statistics()).toMatchObject({
      inference_stats: { cache_hit: { count: 0 }, cache_miss: { count: 0 } },
    });
    expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('nv_cache_num_entries{');
    expect(await (await fetch(`${url}/v2/models/echo/config`)).json()).not.toHaveProperty('response_cache');
  });
});

test('a model that is loaded again answers for itself, not what the one before it did', async () => {
  const folder = new ModelFolder();
  try {
    folder.write('scale/1/model.onnx', scaleModel(2)).write('scale/config.yaml', 'cache: {kind: local}');
    const repository = { path: folder.path, mode: 'explicit', load: ['scale'] };
    const { announced } = await startServer({ models: [], repository });
    const ask = (path: string, body: string) => fetch(announced.listening + path, { method: 'POST', body });
    const infer = async () => {
      const answer = await (await ask('/v2/models/scale/infer', json([1, 2, 3]))).json();
      return (answer as { outputs: { data: number[] }[] }).outputs[0]?.data;
    };
    expect([await infer(), await infer()]).toEqual([
      [2, 4, 6],
      [2, 4, 6],
    ]);
    folder.write('scale/1/model.onnx', scaleModel(3));
    expect((await ask('/v2/repository/models/scale/load', '{}')).status).toBe(200);
    expect(await infer()).toEqual([3, 6, 9]);
    const page = await (await fetch(`${announced.listening}/metrics`)).text();
    expect(page).toContain('nv_cache_num_hits_per_model{model="scale",version="1"} 1');
    expect(page).toContain('nv_cache_num_entries{model="scale",version="1"} 1');
  } finally {
    await endServers();
    folder.remove();
  }
});

test('an ensemble is as old as the oldest of its parts', async () => {
  const folder = new ModelFolder();
  try {
    const nodes = '[{model: scale, inputs: {x: x}, outputs: {y: y}}]';
    folder.write('scale/1/model.onnx', scaleModel(2)).write('scale/config.yaml', 'cache: {kind: local}');
    folder.write(
      'whole/config.yaml',
      `ensemble: {inputs: [{name: x, datatype: FP32, shape: [-1, 3]}], outputs: [y], nodes: ${nodes}}`,
    );
    const { announced } = await startServer({ models: [], repository: { path: folder.path } });
    const infer = async () => {
      const body = json([1, 2, 3], { parameters: { cache_age: true } });
      const answer = await fetch(`${announced.listening}/v2/models/whole/infer`, { method: 'POST', body });
      return (await answer.json()) as { outputs: { data: number[] }[]; parameters?: object };
    };
    const [first, second] = [await infer(), await infer()];
    expect([first.outputs[0]?.data, second.outputs[0]?.data]).toEqual([
      [2, 4, 6],
      [2, 4, 6],
    ]);
    expect(first).not.toHaveProperty('parameters');
    expect(second.parameters).toEqual({ cache_age_us: expect.any(Number) });
  } finally {
    await endServers();
    folder.remove();
  }
});
