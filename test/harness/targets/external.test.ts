import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { TargetError } from '../../../harness/errors.ts';
import { externalTarget } from '../../../harness/targets/external.ts';

/** Address -> answer; a number is a status without a body. */
type Answers = Readonly<Record<string, unknown>>;

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

async function serve(answers: Answers, seen: Record<string, unknown>[] = []): Promise<string> {
  const server: Server = createServer((request, response) => {
    seen.push({ ...request.headers });
    const answer = answers[`${request.method} ${request.url}`] ?? answers[request.url ?? ''];
    if (typeof answer === 'number') return response.writeHead(answer).end();
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(JSON.stringify(answer ?? { error: 'not found' }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = (url: string, model = 'ranker', headers = {}) =>
  externalTarget(
    { kind: 'external', url, protocol: 'oip-rest', model, headers },
    { timeoutMs: 400, readyWithinMs: 300 },
  ).start();

const metadata = {
  name: 'ranker',
  versions: ['1', '3'],
  platform: 'onnxruntime_onnx',
  inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 16] }],
  outputs: [{ name: 'score', datatype: 'FP32', shape: [-1, 1] }],
};

const triton: Answers = {
  '/v2/health/ready': 200,
  '/v2': { name: 'triton', version: '2.60.0', extensions: ['statistics'] },
  '/v2/models/ranker': metadata,
  '/v2/models/ranker/config': {
    max_batch_size: 64,
    platform: 'onnxruntime_onnx',
    backend: '',
    dynamic_batching: { preferred_batch_size: [8, 16], max_queue_delay_microseconds: 500 },
    instance_group: [{ count: 2, kind: 'KIND_GPU' }, { count: 1 }],
  },
  '/v2/models/ranker/stats': { model_stats: [{ name: 'ranker', inference_count: 10, execution_count: 4 }] },
};

test('a Triton is read: readiness without a body, metadata, batching, statistics', async () => {
  const target = await open(await serve(triton));
  expect(target.model).toEqual({
    name: 'ranker',
    version: '3',
    inputs: metadata.inputs,
    outputs: metadata.outputs,
    maxRows: 64,
  });
  expect(target.effective).toEqual({
    model: 'ranker',
    'model.version': '3',
    'server.name': 'triton',
    'server.version': '2.60.0',
    'batching.maxRows': 64,
    'batching.maxDelayMs': 0.5,
    'batching.preferredRows': [8, 16],
    instances: 3,
    platform: 'onnxruntime_onnx',
  });
  expect(await target.statistics()).toMatchObject({ rowsExecuted: 10, executions: 4 });
});

test('without dynamic batching a Triton forms no batches, whatever a request may carry', async () => {
  const config = { max_batch_size: 64 };
  const target = await open(await serve({ ...triton, '/v2/models/ranker/config': config }));
  expect(target.effective).toMatchObject({ 'batching.maxRows': 1 });
  expect(target.model.maxRows).toBe(64);
});

test('a Triton that leaves batches to the model sets no bound on the rows of a request', async () => {
  const target = await open(await serve({ ...triton, '/v2/models/ranker/config': { max_batch_size: 0 } }));
  expect(target.effective).toMatchObject({ 'batching.maxRows': 1 });
  expect(target.model).not.toHaveProperty('maxRows');
});

test('our own server by URL tells its settings as when we start it', async () => {
  const config = { max_batch_size: 32, inferometer: { maxRows: 32, maxDelayMs: 2, providerRan: 'cpu' } };
  const target = await open(await serve({ ...triton, '/v2/models/ranker/config': config }));
  expect(target.effective).toMatchObject({
    'batching.maxRows': 32,
    'batching.maxDelayMs': 2,
    providerRan: 'cpu',
  });
});

test('a server may say what its inputs ordinarily hold; what makes no sense is left out', async () => {
  const inputs = [
    { example_values: 'ints(0, 8191)', example_shape: '64' },
    { example_values: 7, example_shape: '3,-1' },
  ].map((parameters, at) => ({ name: `x${at}`, datatype: 'INT64', shape: [-1, -1], parameters }));
  const target = await open(await serve({ '/v2/models/ranker': { ...metadata, inputs } }));
  expect(target.model.inputs).toEqual([
    {
      name: 'x0',
      datatype: 'INT64',
      shape: [-1, -1],
      exampleValues: 'ints(0, 8191)',
      exampleShape: [64],
    },
    { name: 'x1', datatype: 'INT64', shape: [-1, -1] },
  ]);
});

test('a server with nothing but metadata will do, and what it lacks has its reason', async () => {
  const target = await open(await serve({ '/v2/models/ranker': { ...metadata, versions: undefined } }));
  expect(target.effective).toEqual({ model: 'ranker' });
  expect(target.model).not.toHaveProperty('maxRows');
  expect(await target.statistics()).toEqual({
    missing: 'the server has no statistics (GET /v2/models/ranker/stats: status 404: not found)',
  });
});

test.each<[string, Answers]>([
  ['KServe', { '/v2/models': { models: ['ranker', 'embedder'] } }],
  [
    'Triton',
    {
      'POST /v2/repository/index': [
        { name: 'ranker', version: '1' },
        { name: 'ranker', version: '2' },
        { name: 'embedder' },
      ],
    },
  ],
])('an unknown model is named with what %s lists and the nearest', async (_, listing) => {
  const failure = await open(await serve({ '/v2/health/ready': 200, ...listing }), 'rankr').catch((e) => e);
  expect(failure).toBeInstanceOf(TargetError);
  expect(failure).toMatchObject({
    message: 'The server refuses model "rankr" (status 404: not found). It has: ranker, embedder.',
    advice: 'Did you mean --model ranker?',
  });
});

test('a model without metadata cannot be driven', async () => {
  await expect(open(await serve({ '/v2/models/ranker': { name: 'ranker' } }))).rejects.toThrow(
    /inputs of model/,
  );
});

test('a server that is not ready is given up with its status', async () => {
  await expect(open(await serve({ ...triton, '/v2/health/ready': 503 }))).rejects.toThrow(
    /not ready \(GET \/v2\/health\/ready: status 503\)/,
  );
});

test('nobody there, nobody answering, somebody else: each is said', async () => {
  const url = await serve(triton);
  servers.splice(0).forEach((server) => {
    server.close();
  });
  await expect(open(url)).rejects.toThrow(/^Nothing listens at 127.0.0.1:\d+\.$/);

  const tcp = async (onConnection: Parameters<typeof createTcpServer>[1]) => {
    const server = createTcpServer(onConnection);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const mute = await tcp((socket) => setTimeout(() => socket.destroy(), 2_000).unref());
  await expect(open(mute)).rejects.toThrow(/gave no answer within 0.4 s/);
  const gone = await tcp((socket) => socket.destroy());
  await expect(open(gone)).rejects.toThrow(/closed the connection without an answer/);
  const other = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  await expect(open(other)).rejects.toThrow(/does not speak HTTP/);
});

test('headers are sent, and only their names are kept', async () => {
  const seen: Record<string, unknown>[] = [];
  const target = await open(await serve(triton, seen), 'ranker', { Authorization: 'Bearer abc' });
  expect(seen.every((headers) => headers.authorization === 'Bearer abc')).toBe(true);
  expect(target.endpoint.headers).toEqual({ Authorization: 'Bearer abc' });
  expect(JSON.stringify(target.requested)).not.toContain('abc');
});
