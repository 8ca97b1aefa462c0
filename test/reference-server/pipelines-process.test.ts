import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashed } from '../../reference-server/pipeline/hashing.ts';
import { type Document, GrpcClient } from './grpc-client.ts';
import { ModelFolder, scaleModel } from './model-folder.ts';
import { endServers, spawnServer, startServer, withConfig } from './server-process.ts';

/** x doubled, tripled, and both together; and the doubled one kept below 10. */
const BOTH = `ensemble:
  inputs: [{name: x, datatype: FP32, shape: [-1, 3]}]
  outputs: [doubled, all, low]
  nodes:
    - {step: clip, from: doubled, to: low, high: 10}
    - {step: join, from: [doubled, tripled], to: all}
    - {model: double, inputs: {x: x}, outputs: {y: doubled}}
    - {model: triple, version: stable, inputs: {x: x}, outputs: {y: tripled}}
`;
const TRIPLE = `labels: {stable: 1}
pipeline:
  before: [{step: cleanse, from: x, unknown: [-999]}, {step: impute, from: x, value: [1, 2, 3]}]
`;
const CLASSIC = `platform: "ensemble"
max_batch_size: 2
input [{ name: "IN" data_type: TYPE_FP32 dims: [3] }]
output [{ name: "OUT" data_type: TYPE_FP32 dims: [3] }]
ensemble_scheduling { step [
  { model_name: "triple" input_map { key: "x" value: "MID" } output_map { key: "y" value: "OUT" } },
  { model_name: "double" input_map { key: "x" value: "IN" } output_map { key: "y" value: "MID" } }
] }`;
const circle = (other: string) =>
  `ensemble: {inputs: [{name: x, datatype: FP32, shape: [-1, 3]}], outputs: [y], nodes: [{model: ${other}, inputs: {x: x}, outputs: {y: y}}]}`;

const MOOD = {
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1, 1] }],
  before: [
    {
      step: 'tokenise',
      from: 'text',
      to: ['input_ids', 'attention_mask'],
      buckets: 8192,
      length: 8,
      pad: 'longest',
    },
  ],
  after: [
    { step: 'softmax', from: 'logits', to: 'shares' },
    { step: 'topK', from: 'shares', to: ['share', 'place', 'mood'], k: 2, labels: ['good', 'so-so', 'bad'] },
  ],
};

let folder: ModelFolder;
let url = '';
let door: GrpcClient;

beforeAll(async () => {
  folder = new ModelFolder()
    .write('double/1/model.onnx', scaleModel(2))
    .write('triple/1/model.onnx', scaleModel(3))
    .write('triple/config.yaml', TRIPLE)
    .write('both/config.yaml', BOTH)
    .write('classic/1/empty', '')
    .write('classic/config.pbtxt', CLASSIC)
    .write('hen/config.yaml', circle('egg'))
    .write('egg/config.yaml', circle('hen'));
  const models = [
    { name: 'mood', source: 'text-sentiment', pipeline: MOOD },
    { name: 'plain', source: 'text-sentiment' },
  ];
  const repository = { path: folder.path, mode: 'explicit', load: ['mood', 'plain', 'both', 'classic'] };
  const server = await startServer({ models, repository, grpcPort: 0, batching: { maxRows: 4 } });
  url = server.url;
  door = new GrpcClient(server.announced.grpc);
});
afterAll(async () => {
  door?.close();
  await endServers();
  folder.remove();
});

async function ask(path: string, body?: object): Promise<{ status: number; json: Document }> {
  const asked = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${url}/v2/${path}`, asked);
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

async function infer(model: string, inputs: readonly object[], outputs?: readonly string[]) {
  const wanted = outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) };
  const { status, json } = await ask(`models/${model}/infer`, { inputs, ...wanted });
  const found = (json.outputs ?? []).map((output: Document) => [output.name, output.data]);
  const byName: Document = Object.fromEntries(found);
  return { status, error: json.error as string | undefined, outputs: byName };
}

const row = (name: string, ...data: number[]) => ({
  name,
  datatype: 'FP32',
  shape: [data.length / 3, 3],
  data,
});
const statisticsOf = async (model: string) => (await ask(`models/${model}/stats`)).json.model_stats[0];

describe('steps around a model', () => {
  test('callers see what the steps take and give', async () => {
    const { json } = await ask('models/mood');
    expect(json.inputs).toEqual(MOOD.inputs);
    expect(json.outputs.map(({ name, datatype, shape }: Document) => [name, datatype, shape])).toEqual([
      ['logits', 'FP32', [-1, 3]],
      ['shares', 'FP32', [-1, 3]],
      ['share', 'FP32', [-1, 2]],
      ['place', 'INT64', [-1, 2]],
      ['mood', 'BYTES', [-1, 2]],
    ]);
    const config = (await ask('models/mood/config')).json;
    expect(config.inferometer).toMatchObject({ stepsBefore: ['tokenise'], stepsAfter: ['softmax', 'topK'] });
  });

  test('texts of different lengths at once: each answer is that of its own tokens', async () => {
    const texts = ['what a day', 'no', 'to be or not to be, that is', 'so-so'];
    const answers = await Promise.all(
      texts.map((text) => infer('mood', [{ name: 'text', datatype: 'BYTES', shape: [1, 1], data: [text] }])),
    );
    for (const [at, text] of texts.entries()) {
      const words = text.match(/\w+|[^\w\s]/g)?.slice(0, 8) ?? [];
      const shape = [1, words.length];
      const tensor = (name: string, data: number[]) => ({ name, datatype: 'INT64', shape, data });
      const ids = words.map((word) => 1 + hashed(word, 8191));
      const plain = await infer('plain', [
        tensor('input_ids', ids),
        tensor(
          'attention_mask',
          ids.map(() => 1),
        ),
      ]);
      const logits = plain.outputs.logits as number[];
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      const shares = logits.map((logit) => Math.exp(logit) / sum);
      const order = [0, 1, 2].sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0)).slice(0, 2);
      const { status, outputs } = answers[at] ?? (await infer('mood', []));
      expect(status).toBe(200);
      expect(outputs.place).toEqual(order);
      expect(outputs.mood).toEqual(order.map((place) => ['good', 'so-so', 'bad'][place]));
      for (const [rank, place] of order.entries())
        expect(outputs.share[rank]).toBeCloseTo(shares[place] ?? 0, 5);
    }
  });

  test('what a step refuses is a 400 with its words, counted at the step', async () => {
    const image = await infer('triple', [row('x', 1, -999, 3)]);
    expect(image.outputs.y).toEqual([3, 6, 9]);
    const wrong = await infer('mood', [{ name: 'text', datatype: 'BYTES', shape: [1, 2], data: ['a', 'b'] }]);
    expect(wrong.status).toBe(400);
    expect(wrong.error).toContain("input 'text': shape is [1,2]");
  });
});

describe('an ensemble', () => {
  test('loads the models that it is made of, and computes over both doors', async () => {
    const index = (await ask('repository/index', { ready: true })).json.map(({ name }: Document) => name);
    expect(index.sort()).toEqual(['both', 'classic', 'double', 'mood', 'plain', 'triple']);
    const { status, outputs } = await infer('both', [row('x', 1, 2, 30)]);
    expect(status).toBe(200);
    expect(outputs).toEqual({ doubled: [2, 4, 60], all: [2, 4, 60, 3, 6, 90], low: [2, 4, 10] });
    const raw = Buffer.from(Float32Array.of(1, 10, 100).buffer);
    const asked = { model_name: 'classic', inputs: [{ name: 'IN', datatype: 'FP32', shape: [1, 3] }] };
    const answer = await door.call('ModelInfer', { ...asked, raw_input_contents: [raw] });
    const [bytes] = answer.raw_output_contents as Buffer[];
    expect([...new Float32Array(new Uint8Array(bytes ?? []).buffer)]).toEqual([6, 60, 600]);
  });

  test('runs nothing that no wanted output needs', async () => {
    const before = await statisticsOf('triple');
    const { outputs } = await infer('both', [row('x', 7, 8, 9)], ['low']);
    expect(outputs).toEqual({ low: [10, 10, 10] });
    expect((await statisticsOf('triple')).inferometer.arrivals).toBe(before.inferometer.arrivals);
  });

  test('its configuration and metadata are those of an ensemble, over both doors', async () => {
    const { json } = await ask('models/classic/config');
    expect((await ask('models/classic')).json.platform).toBe('ensemble');
    const steps = [
      { model_name: 'double', model_version: -1, input_map: { x: 'IN' }, output_map: { y: 'MID' } },
      { model_name: 'triple', model_version: -1, input_map: { x: 'MID' }, output_map: { y: 'OUT' } },
    ];
    expect(json).toMatchObject({
      platform: 'ensemble',
      max_batch_size: 2,
      ensemble_scheduling: { step: steps },
    });
    const { config } = await door.call('ModelConfig', { name: 'classic' });
    expect(config).toMatchObject({ platform: 'ensemble', ensemble_scheduling: { step: steps } });
  });

  test('many at once: no request lost, each with its own answer, every step counted', async () => {
    const before = await statisticsOf('both');
    const models = { double: await statisticsOf('double'), triple: await statisticsOf('triple') };
    const values = Array.from({ length: 60 }, (_, at) => at / 4);
    const answers = await Promise.all(
      values.map((value) => infer('both', [row('x', value, value, value)], ['all'])),
    );
    for (const [at, { outputs }] of answers.entries()) {
      const value = values[at] ?? 0;
      expect(outputs.all).toEqual([2, 2, 2, 3, 3, 3].map((factor) => factor * value));
    }
    const after = await statisticsOf('both');
    expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(60);
    const counts = (stats: Document, step: string) => stats.inferometer.steps[step]?.success.count ?? 0;
    for (const step of ['double', 'triple', 'join'])
      expect(counts(after, step) - counts(before, step)).toBe(60);
    expect(counts(after, 'clip')).toBe(counts(before, 'clip'));
    for (const [name, stats] of Object.entries(models)) {
      const now = (await statisticsOf(name)).inference_stats.success.count;
      expect(now - stats.inference_stats.success.count).toBe(60);
    }
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toContain(
      `inferometer_step_total{model="both",version="1",step="join"} ${counts(after, 'join')}`,
    );
    expect(page).toMatch(/inferometer_step_duration_us\{model="triple",version="1",step="impute"\} \d+/);
    const grpc = (await door.call('ModelStatistics', { name: 'both' })).model_stats[0].inferometer.steps;
    expect(Object.keys(grpc).sort()).toEqual(['clip', 'double', 'join', 'triple']);
  });

  test('more rows than its models take, and a model that is gone, are refused', async () => {
    const three = await infer('classic', [row('IN', ...new Array(9).fill(1))]);
    expect([three.status, three.error]).toEqual([
      400,
      "the request has 3 rows, the ensemble 'classic' takes at most 2",
    ]);
    expect((await ask('repository/models/triple/unload', {})).status).toBe(200);
    const { status, error } = await infer('both', [row('x', 1, 1, 1)]);
    expect(status).toBe(503);
    expect(error).toContain("model 'triple' has no version that is ready: it was unloaded");
    expect((await infer('both', [row('x', 1, 1, 1)], ['doubled'])).status).toBe(200);
    expect((await ask('models/both/ready')).status).toBe(400);
    expect((await ask('repository/models/triple/load', {})).status).toBe(200);
    expect((await infer('both', [row('x', 1, 1, 1)])).status).toBe(200);
    expect((await statisticsOf('both')).inferometer.steps.triple.fail.count).toBe(1);
  });

  test('a model that takes other tensors by now is told of; loaded again, the ensemble is wired anew', async () => {
    const load = (model: string) => ask(`repository/models/${model}/load`, {});
    const doubleIn = (columns: number) =>
      folder.write('double/1/model.onnx', scaleModel(2, -1, false, columns));
    doubleIn(2);
    expect((await load('double')).status).toBe(200);
    const outdated = await infer('classic', [row('IN', 1, 1, 1)]);
    expect(outdated.status).toBe(503);
    expect(outdated.error).toContain(
      "'double' takes or gives other tensors than when this ensemble was loaded",
    );
    const refused = await load('classic');
    expect(refused.status).toBe(400);
    expect(refused.json.error).toContain(
      "'IN' for input 'x' of model 'double' is [-1,3], and must be [-1,2]",
    );
    doubleIn(3);
    expect((await load('double')).status).toBe(200);
    expect((await load('classic')).status).toBe(200);
    expect((await infer('classic', [row('IN', 1, 1, 1)])).outputs).toEqual({ OUT: [6, 6, 6] });
  });

  test('ensembles that need one another are refused, and nothing hangs', async () => {
    const answer = await Promise.race([ask('repository/models/hen/load', {}), sleep(10_000)]);
    expect(answer).toMatchObject({ status: 400 });
    expect((answer as { json: Document }).json.error).toContain('need one another');
  });

  test('unloaded with its models, but for those that another ensemble needs', async () => {
    const states = async () =>
      (await ask('repository/index', { ready: true })).json.map(({ name }: Document) => name).sort();
    await ask('repository/models/both/unload', { parameters: { unload_dependents: true } });
    expect(await states()).toEqual(['classic', 'double', 'mood', 'plain', 'triple']);
    const parameters = { unload_dependents: { bool_param: true } };
    await door.call('RepositoryModelUnload', { model_name: 'classic', parameters });
    expect(await states()).toEqual(['mood', 'plain']);
  });
});

test('a pipeline that does not fit its model ends the start, with all of it', async () => {
  const pipeline = {
    before: [{ step: 'select', from: 'features', columns: [1] }],
    after: [{ step: 'clip', from: 'score', low: 0 }],
  };
  const server = spawnServer(withConfig({ models: [{ name: 'r', source: 'demand-forecast', pipeline }] }));
  expect(await server.exited).toBe(3);
  const { fatal } = JSON.parse(server.stderr().trim().split('\n').at(-1) ?? '');
  expect(fatal).toBe(
    "the pipeline of model 'r' does not fit: the step 'select' takes 'features', and there is only history; the step 'clip' takes 'score', and there is only history, forecast",
  );
});
