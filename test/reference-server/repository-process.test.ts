import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { GrpcClient } from './grpc-client.ts';
import { ModelFolder, scaleModel } from './model-folder.ts';
import { endServers, startServer } from './server-process.ts';

/** Each look is a request. */
const POLL_MS = 20;

let folder: ModelFolder;
let agent: Agent;
beforeEach(() => {
  folder = new ModelFolder();
  agent = new Agent({ keepAlive: true, maxSockets: 16 });
});
afterEach(async () => {
  agent.destroy();
  await endServers();
  folder.remove();
});

const start = (repository: object, settings: object = {}) =>
  startServer({ models: [], repository: { path: folder.path, ...repository }, ...settings });

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** Rejects only when the connection gives no answer. */
function ask(url: string, method: 'GET' | 'POST', body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'Content-Length': Buffer.byteLength(payload) };
    const sent = request(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, json: text === '' ? undefined : JSON.parse(text) });
      });
    });
    sent.on('error', reject).end(payload);
  });
}

const inputs = (...values: number[]) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: values }],
});

/** The factor by which a model multiplied, and the version that did it; or the status of a refusal. */
async function factorOf(url: string, path: string, value: number) {
  const { status, json } = await ask(`${url}/v2/models/${path}/infer`, 'POST', inputs(value, value, value));
  const answer = json as { model_version: string; outputs: { data: number[] }[]; error?: string };
  if (status !== 200) return { status, error: answer.error };
  const data = answer.outputs[0]?.data ?? [];
  expect(data).toEqual([data[0], data[0], data[0]]);
  return { status, factor: (data[0] ?? 0) / value, version: answer.model_version };
}

/** Asks one model again and again over several connections until told to stop; every answer is kept. */
function load(url: string, model: string) {
  const answers: { status: number; factor?: number; error?: string | undefined }[] = [];
  let stopping = false;
  let value = 0;
  const slots = Array.from({ length: 4 }, async () => {
    while (!stopping) {
      answers.push(await factorOf(url, model, ++value));
      await sleep(1);
    }
  });
  return {
    answers,
    /** That many more have been answered. */
    more: (count: number) => {
      const from = answers.length;
      return until(async () => answers.length >= from + count, POLL_MS);
    },
    async stop() {
      stopping = true;
      await Promise.all(slots);
      return answers;
    },
  };
}

async function indexOf(url: string) {
  return (await ask(`${url}/v2/repository/index`, 'POST')).json as {
    name: string;
    version?: string;
    state: string;
    reason: string;
  }[];
}

describe('a repository under load', () => {
  test('a model is replaced, broken, unloaded and loaded again: every request is answered, and the counts close', async () => {
    folder.write('scale/1/model.onnx', scaleModel(2));
    const { url } = await start({ mode: 'explicit', load: ['scale'] });
    const admin = (verb: string) => ask(`${url}/v2/repository/models/scale/${verb}`, 'POST');
    const running = load(url, 'scale');
    await running.more(50);

    folder.write('scale/1/model.onnx', scaleModel(3));
    expect((await admin('load')).status).toBe(200);
    const replacedAt = running.answers.length;
    await running.more(50);

    folder.write('scale/1/model.onnx', 'somebody broke it');
    const broken = await admin('load');
    expect(broken).toMatchObject({ status: 400 });
    expect(JSON.stringify(broken.json)).toContain("failed to load 'scale': ");
    expect((await indexOf(url))[0]).toMatchObject({ version: '1', state: 'READY' });
    expect((await indexOf(url))[0]?.reason).toContain('no ONNX model');
    await running.more(50);
    expect(running.answers.every(({ status }) => status === 200)).toBe(true);
    // Requests that had left for the first model before the answer to the load came back are its own.
    const factors = running.answers.slice(replacedAt + 16).map(({ factor }) => factor);
    expect(new Set(factors)).toEqual(new Set([3]));

    expect((await admin('unload')).status).toBe(200);
    await running.more(20);
    expect(await ask(`${url}/v2/models/scale/ready`, 'GET')).toMatchObject({ status: 400 });
    folder.write('scale/1/model.onnx', scaleModel(5));
    expect((await admin('load')).status).toBe(200);
    await running.more(50);

    const answers = await running.stop();
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ status }) => status === 503)).toBe(true);
    expect(refused[0]?.error).toBe("model 'scale' has no version that is ready: it was unloaded");
    expect(answers.at(-1)).toMatchObject({ status: 200, factor: 5 });
    const { json } = await ask(`${url}/v2/models/scale/stats`, 'GET');
    const [stats] = (json as { model_stats: Record<string, unknown>[] }).model_stats;
    // The counters outlive the unload; those refused without a model are counted too.
    const served = answers.length - refused.length;
    expect(stats).toMatchObject({
      inference_count: served,
      inference_stats: { success: { count: served }, fail: { count: refused.length } },
      inferometer: { arrivals: answers.length },
    });
  });

  test('polling follows the folder, and a broken neighbour harms nobody', async () => {
    folder.write('a/1/model.onnx', scaleModel(2)).write('broken/1/model.onnx', 'no model');
    const { url, announced } = await start({ mode: 'poll', pollMs: 50 });
    expect(announced.models).toEqual(['a']);
    const running = load(url, 'a');
    folder.write('a/2/model.onnx', scaleModel(3)).write('b/1/model.onnx', scaleModel(7));
    const state = async (name: string, version: string) =>
      (await indexOf(url)).find((entry) => entry.name === name && entry.version === version)?.state;
    await until(
      async () => (await state('a', '2')) === 'READY' && (await state('b', '1')) === 'READY',
      POLL_MS,
    );
    expect((await factorOf(url, 'b', 1)).factor).toBe(7);
    expect(await state('broken', '1')).toBe('UNAVAILABLE');
    await running.more(30);
    folder.remove('b');
    await until(async () => (await factorOf(url, 'b', 1)).status === 404, POLL_MS);
    const answers = await running.stop();
    expect(answers.every(({ status, factor }) => status === 200 && (factor === 2 || factor === 3))).toBe(
      true,
    );
    expect(answers.at(-1)?.factor).toBe(3);
    expect((await ask(`${url}/v2/repository/models/a/unload`, 'POST')).status).toBe(403);
  });
});

describe('a repository as Triton has it', () => {
  test('is served as it is', async () => {
    const tensor = (name: string) => `{ name: "${name}" data_type: TYPE_FP32 dims: [ 3 ] }`;
    const config = `name: "ranker" platform: "onnxruntime_onnx" max_batch_size: 4
      input [ ${tensor('x')} ]
      output [ { name: "y" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "animals.txt" } ]
      version_policy { all {} }
      instance_group [ { count: 2 kind: KIND_CPU } ]
      dynamic_batching { max_queue_delay_microseconds: 500 }
      optimization { cuda { graphs: true } }
      model_warmup [ { name: "w" batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 3 zero_data: true } } } ]`;
    for (const version of [1, 2, 10]) {
      folder.write(`ranker/${version}/model.onnx`, scaleModel(version));
    }
    folder.write('ranker/config.pbtxt', config).write('ranker/animals.txt', 'cat\ndog\nhen\n');
    const whole = `platform: "onnxruntime_onnx" max_batch_size: 0
      input { name: "x" data_type: TYPE_FP32 dims: [ -1, 3 ] } output { name: "y" data_type: TYPE_FP32 dims: [ -1, 3 ] }`;
    folder.write('whole/1/model.onnx', scaleModel(4)).write('whole/config.pbtxt', whole);
    folder.write('plan/1/model.plan', 'x').write('plan/config.pbtxt', 'platform: "tensorrt_plan"');
    const { url, announced, stderr } = await start({ mode: 'explicit', load: ['*'] }, { grpcPort: 0 });
    expect(announced.models).toEqual(['ranker', 'whole']);
    expect(stderr()).toContain('"fields":["optimization"]');

    for (const [path, factor] of [
      ['ranker', 10],
      ['ranker/versions/1', 1],
      ['ranker/versions/2', 2],
      ['whole', 4],
    ] as const) {
      expect((await factorOf(url, path, 7)).factor).toBe(factor);
    }
    expect(await ask(`${url}/v2/models/ranker/versions/3/infer`, 'POST', inputs(1, 2, 3))).toMatchObject({
      status: 404,
      json: { error: "unknown version '3' of model 'ranker', there are versions 1, 2, 10" },
    });
    expect((await ask(`${url}/v2/models/ranker`, 'GET')).json).toMatchObject({ versions: ['1', '2', '10'] });
    expect((await ask(`${url}/v2/models/ranker/versions/2/config`, 'GET')).json).toMatchObject({
      max_batch_size: 4,
      version_policy: { all: {} },
      instance_group: [{ kind: 'KIND_CPU', count: 2 }],
      dynamic_batching: { max_queue_delay_microseconds: 500 },
      inferometer: { maxRows: 4, notHonoured: ['optimization'] },
    });
    expect((await indexOf(url)).find(({ name }) => name === 'plan')).toMatchObject({ state: 'UNAVAILABLE' });

    const classes = { name: 'y', parameters: { classification: 2 } };
    const ranked = await ask(`${url}/v2/models/ranker/versions/2/infer`, 'POST', {
      ...inputs(0.5, 3, -1),
      outputs: [classes],
    });
    const best = ['6:1:dog', '1:0:cat'];
    expect(ranked.json).toMatchObject({ model_version: '2', outputs: [{ shape: [1, 2], data: best }] });
    const grpc = new GrpcClient(announced.grpc);
    const answer = await grpc.call('ModelInfer', {
      model_name: 'ranker',
      model_version: '2',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [0.5, 3, -1] } }],
      outputs: [{ name: 'y', parameters: { classification: { int64_param: 2 } } }],
    });
    expect(answer.outputs[0].contents.bytes_contents.map(String)).toEqual(best);
    const { config: known } = await grpc.call('ModelConfig', { name: 'ranker', version: '1' });
    expect(known).toMatchObject({ name: 'ranker', max_batch_size: 4, platform: 'onnxruntime_onnx' });
    grpc.close();

    const override = { parameters: { config: '{"max_batch_size": 2, "version_policy": {"latest": {}}}' } };
    expect((await ask(`${url}/v2/repository/models/ranker/load`, 'POST', override)).status).toBe(200);
    expect((await ask(`${url}/v2/models/ranker`, 'GET')).json).toMatchObject({ versions: ['10'] });
    const statistics = (await ask(`${url}/v2/models/stats`, 'GET')).json as { model_stats: object[] };
    // Those that ran before are counted on.
    expect(statistics.model_stats).toMatchObject([
      { name: 'ranker', version: '1' },
      { name: 'ranker', version: '2' },
      { name: 'ranker', version: '10' },
      { name: 'whole', version: '1' },
    ]);
    const nonsense = { parameters: { config: '{"max_bach_size": 2}' } };
    const refused = await ask(`${url}/v2/repository/models/ranker/load`, 'POST', nonsense);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.json)).toContain('did you mean max_batch_size?');
    expect((await factorOf(url, 'ranker', 7)).factor).toBe(10);
  });
});
