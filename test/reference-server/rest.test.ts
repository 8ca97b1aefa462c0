import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer, type ReferenceServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { until } from '../support/until.ts';
import { FakeInstance } from './fake-instance.ts';

let server: ReferenceServer | undefined;
let url = '';
let instances: FakeInstance[] = [];

/** A server on real sockets in this process, with a stand-in for the model. */
async function start(settings: object = {}): Promise<void> {
  instances = [];
  const models = [{ name: 'echo', source: 'echo' }];
  server = await buildServer(
    parseServerConfig(JSON.stringify({ port: 0, models, drainMs: 50, ...settings })),
    {
      clock: realClock,
      startInstance: async (options) => {
        const instance = new FakeInstance(options);
        instances.push(instance);
        return instance;
      },
      modelPath: async (source) => `/models/${source}.onnx`,
      log: () => {},
      version: '1.2.3',
    },
  );
  url = await server.listen();
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const row = (...values: number[]) => ({ name: 'x', datatype: 'FP32', shape: [1, 3], data: values });

async function post(body: unknown, headers: Record<string, string> = {}) {
  const payload = body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${url}/v2/models/echo/infer`, { method: 'POST', body: payload, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const headerLength = response.headers.get('inference-header-content-length');
  const jsonEnd = headerLength === null ? bytes.length : Number(headerLength);
  const json = JSON.parse(bytes.toString('utf8', 0, jsonEnd));
  return { status: response.status, json, tail: bytes.subarray(jsonEnd), headers: response.headers };
}

async function get(path: string) {
  const response = await fetch(url + path);
  return { status: response.status, json: JSON.parse(await response.text()) };
}

/** Whose answer nobody unpacks. */
function plainGet(path: string, accept: string): Promise<{ headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpGet(url + path, { headers: { 'Accept-Encoding': accept } }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ headers: response.headers, text }));
    });
    sent.on('error', reject);
  });
}

function binaryBody(json: object, ...tensors: Uint8Array[]) {
  const head = Buffer.from(JSON.stringify(json));
  const headers = { 'Inference-Header-Content-Length': String(head.byteLength) };
  return { body: Buffer.concat([head, ...tensors]), headers };
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.of(...values).buffer);

describe('documents', () => {
  test('health, metadata, configuration', async () => {
    await start({ batching: { maxRows: 8, maxDelayMs: 2.5, maxQueueRows: 64, inFlight: 2 }, instances: 2 });
    expect(await get('/v2/health/live')).toEqual({ status: 200, json: { live: true } });
    expect(await get('/v2/health/ready')).toEqual({ status: 200, json: { ready: true } });
    expect((await get('/v2/models/echo/ready')).status).toBe(200);
    expect((await get('/v2')).json).toEqual({
      name: 'inferometer',
      version: '1.2.3',
      extensions: [
        'binary_tensor_data',
        'classification',
        'parameters',
        'statistics',
        'model_configuration',
        'model_repository',
        'schedule_policy',
      ],
    });
    const metadata = {
      name: 'echo',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [
        { name: 'same', datatype: 'FP32', shape: [-1, 3] },
        { name: 'label', datatype: 'BYTES', shape: [-1, 1] },
      ],
    };
    expect((await get('/v2/models/echo')).json).toEqual(metadata);
    expect((await get('/v2/models/echo/versions/1')).json).toEqual(metadata);
    expect((await get('/v2/models/echo/config')).json).toMatchObject({
      max_batch_size: 8,
      dynamic_batching: { max_queue_delay_microseconds: 2500 },
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [3] }],
      instance_group: [{ kind: 'KIND_CPU', count: 2 }],
      inferometer: {
        maxRows: 8,
        maxDelayMs: 2.5,
        maxQueueRows: 64,
        inFlight: 2,
        instances: 2,
        threads: 1,
        provider: 'auto',
        providerRan: 'cpu',
      },
    });
  });

  test.each([
    ['GET', '/v2/models/ecko', 404, "unknown model 'ecko', this server has: echo"],
    [
      'GET',
      '/v2/models/echo/versions/2',
      404,
      "unknown version '2' of model 'echo', there is only version 1",
    ],
    ['GET', '/v3', 404, 'no such path: /v3'],
    ['GET', '/v2/models/echo/inver', 404, 'no such path: /v2/models/echo/inver'],
    ['GET', '/v2/models/%E0%A4%A/ready', 404, 'no such path: /v2/models/%E0%A4%A/ready'],
    ['GET', '/v2/models/echo/infer', 405, '/v2/models/echo/infer takes POST, found GET'],
    ['POST', '/v2/health/live', 405, '/v2/health/live takes GET, found POST'],
  ])('%s %s -> %d', async (method, path, status, error) => {
    await start();
    const response = await fetch(url + path, { method });
    expect({ status: response.status, body: await response.json() }).toEqual({ status, body: { error } });
    if (status === 405) expect(response.headers.get('allow')).toBe(method === 'GET' ? 'POST' : 'GET');
  });

  test.each([
    ['HELLO\r\n\r\n', 400, 'the request is not HTTP'],
    ['GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'the request has no Host header'],
    ['POST /v2 HTTP/1.1\r\nHost: x\r\nExpect: more\r\nConnection: close\r\n\r\n', 405, '/v2 takes GET'],
  ])('%j is answered %i in the same shape', async (bytes, status, error) => {
    await start();
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks).toString();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`\r\n\r\n{"error":"${error}`);
  });
});

describe('infer', () => {
  test('JSON in, JSON out; the id is echoed', async () => {
    await start();
    const { status, json } = await post({ id: 'a"b', inputs: [row(1, 2.5, -3)] });
    expect(status).toBe(200);
    expect(json).toEqual({
      model_name: 'echo',
      model_version: '1',
      id: 'a"b',
      outputs: [
        { name: 'same', datatype: 'FP32', shape: [1, 3], data: [1, 2.5, -3] },
        { name: 'label', datatype: 'BYTES', shape: [1, 1], data: ['row'] },
      ],
    });
  });

  test('binary in, chosen outputs mixed', async () => {
    await start();
    const tensor = floats(1, 2, 3, 4, 5, 6);
    const { body, headers } = binaryBody(
      {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 3], parameters: { binary_data_size: 24 } }],
        outputs: [{ name: 'label' }, { name: 'same', parameters: { binary_data: true } }],
      },
      tensor,
    );
    const answer = await post(body, headers);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.json.outputs).toEqual([
      { name: 'label', datatype: 'BYTES', shape: [2, 1], data: ['row', 'row'] },
      { name: 'same', datatype: 'FP32', shape: [2, 3], parameters: { binary_data_size: 24 } },
    ]);
    expect(new Uint8Array(answer.tail)).toEqual(tensor);
  });

  test('raw mode answers everything in binary', async () => {
    await start();
    const answer = await post(floats(7, 8, 9), { 'Inference-Header-Content-Length': '0' });
    expect(answer.json.outputs[0].parameters).toEqual({ binary_data_size: 12 });
    expect(new Uint8Array(answer.tail.subarray(0, 12))).toEqual(floats(7, 8, 9));
  });

  test('the classes of the highest scores, in JSON and binary, beside the scores', async () => {
    await start();
    const outputs = [
      { name: 'same', parameters: { classification: 2 } },
      { name: 'same', parameters: { classification: 1, binary_data: true } },
      { name: 'same' },
    ];
    const { json, tail } = await post({ inputs: [row(0.25, 8, -3)], outputs });
    expect(json.outputs).toEqual([
      { name: 'same', datatype: 'BYTES', shape: [1, 2], data: ['8:1', '0.25:0'] },
      { name: 'same', datatype: 'BYTES', shape: [1, 1], parameters: { binary_data_size: 7 } },
      { name: 'same', datatype: 'FP32', shape: [1, 3], data: [0.25, 8, -3] },
    ]);
    expect(tail.toString('latin1')).toBe('\x03\0\0\x008:1');
    const wrong = await post({
      inputs: [row(1, 2, 3)],
      outputs: [{ name: 'label', parameters: { classification: 1 } }],
    });
    expect([wrong.status, wrong.json.error]).toEqual([
      400,
      "output 'label': BYTES has no order, it cannot be classified",
    ]);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('%s both ways, JSON and binary', async (coding, pack) => {
    await start({ batching: { maxRows: 400 } });
    const values = Array.from({ length: 1200 }, (_, at) => at / 4);
    const input = { name: 'x', datatype: 'FP32', shape: [400, 3] };
    const headers = { 'Content-Encoding': coding, 'Accept-Encoding': coding };
    const json = await post(pack(JSON.stringify({ inputs: [{ ...input, data: values }] })), headers);
    expect([json.status, json.headers.get('content-encoding')]).toEqual([200, coding]);
    expect(json.json.outputs[0].data).toEqual(values);

    const { body, headers: own } = binaryBody(
      {
        inputs: [{ ...input, parameters: { binary_data_size: 4800 } }],
        outputs: [{ name: 'same', parameters: { binary_data: true } }],
      },
      floats(...values),
    );
    const binary = await post(pack(body), { ...headers, ...own });
    expect([binary.status, binary.headers.get('content-encoding')]).toEqual([200, coding]);
    expect(Number(binary.headers.get('content-length'))).toBeLessThan(4000);
    expect(new Uint8Array(binary.tail)).toEqual(floats(...values));
  });

  test('a document is compressed for whoever asks, and not for who does not', async () => {
    await start();
    const page = async (accept: string) => {
      const { headers, text } = await plainGet('/metrics', accept);
      return { coding: headers['content-encoding'], isText: text.includes('nv_inference_count') };
    };
    expect(await page('identity')).toEqual({ coding: undefined, isText: true });
    expect(await page('gzip;q=0.2, deflate')).toEqual({ coding: 'deflate', isText: false });
  });

  test('too many rows, a body over the limit, an encoding, an endless body', async () => {
    await start({ bodyLimitBytes: 200, batching: { maxRows: 2 } });
    const wide = { name: 'x', datatype: 'FP32', shape: [3, 3], data: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
    const tooWide = await post({ inputs: [wide] });
    expect([tooWide.status, tooWide.json.error]).toEqual([
      400,
      'the request has 3 rows, at most 2 are allowed',
    ]);
    const tooLong = await post('x'.repeat(201));
    expect([tooLong.status, tooLong.json.error]).toEqual([
      413,
      'the body has 201 bytes, at most 200 are allowed',
    ]);
    const packed = await post('x', { 'Content-Encoding': 'br' });
    expect([packed.status, packed.headers.get('accept-encoding')]).toEqual([501, 'gzip, deflate']);
    const bomb = await post(gzipSync(Buffer.alloc(201)), { 'Content-Encoding': 'gzip' });
    expect([bomb.status, bomb.json.error]).toEqual([
      413,
      'the body has more than the 200 bytes that are allowed',
    ]);
    const mangled = await post('xyz', { 'Content-Encoding': 'deflate' });
    expect([mangled.status, mangled.json.error]).toEqual([
      400,
      'the body is not deflate: incorrect header check',
    ]);
    const pieces = new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 10; piece++) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
    const init = { method: 'POST', body: pieces, duplex: 'half' } as RequestInit;
    const chunked = await fetch(`${url}/v2/models/echo/infer`, init);
    expect([chunked.status, await chunked.json()]).toEqual([
      413,
      { error: 'the body has more bytes, at most 200 are allowed' },
    ]);
    expect((await post({ inputs: [row(1, 2, 3)] })).status).toBe(200);
  });

  test('a full queue answers 503; statistics and metrics agree with what happened', async () => {
    await start({ batching: { maxRows: 2, maxQueueRows: 3 } });
    const release = instances[0]?.hold();
    const first = post({ inputs: [row(0, 0, 0)] });
    await until(() => instances[0]?.batches.length === 1);
    const queued = [1, 2, 3].map((value) => post({ inputs: [row(value, value, value)] }));
    await until(() => server?.models[0]?.pending().rows === 3);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'nv_inference_pending_request_count{model="echo",version="1"} 3',
    );
    const refused = await post({ inputs: [row(9, 9, 9)] });
    expect(refused.status).toBe(503);
    expect(refused.json.error).toContain('Exceeds maximum queue size');
    release?.();
    const answers = await Promise.all([first, ...queued]);
    expect(answers.map((answer) => answer.json.outputs[0].data[0])).toEqual([0, 1, 2, 3]);
    await post('{');

    const { json } = await get('/v2/models/echo/stats');
    const [model] = json.model_stats;
    expect(model).toMatchObject({
      name: 'echo',
      version: '1',
      inference_count: 4,
      execution_count: 3,
      inference_stats: { success: { count: 4 }, fail: { count: 2 }, queue: { count: 4 } },
      batch_stats: [
        { batch_size: 1, compute_infer: { count: 2, ns: 2000 } },
        { batch_size: 2, compute_infer: { count: 1, ns: 2000 } },
      ],
      inferometer: { arrivals: 6, rejected: 1, padded_rows: 0, release: { full: 1, delay: 0, idle: 2 } },
    });
    expect((await get('/v2/models/stats')).json.model_stats).toHaveLength(1);
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'nv_inference_request_success{model="echo",version="1"} 4',
      'nv_inference_request_failure{model="echo",version="1",reason="REJECTED"} 1',
      'nv_inference_request_failure{model="echo",version="1",reason="OTHER"} 1',
      'nv_inference_count{model="echo",version="1"} 4',
      'nv_inference_exec_count{model="echo",version="1"} 3',
      'inferometer_batch_release_total{model="echo",version="1",reason="full"} 1',
      'inferometer_arrivals_total{model="echo",version="1"} 6',
      'nv_inference_first_response_histogram_ms_count{model="echo",version="1"} 4',
    ]) {
      expect(page).toContain(line);
    }
  });

  test('padding, queue timeouts and priorities are told in statistics, metrics and configuration', async () => {
    const batching = { maxRows: 4, allowedRows: [2, 4], preferredRows: [2] };
    const levels = [{ priority: 1, timeoutMs: 0 }];
    await start({ batching, queue: { timeoutMs: 20, priorityLevels: 2, levels } });
    const release = instances[0]?.hold();
    const first = post({ inputs: [row(0, 0, 0)] });
    await until(() => instances[0]?.batches.length === 1);
    const patient = post({ inputs: [row(1, 1, 1)], parameters: { priority: 1 } });
    const late = await post({ inputs: [row(2, 2, 2)] });
    expect([late.status, late.json.error]).toEqual([503, 'Request timeout expired']);
    release?.();
    expect((await Promise.all([first, patient])).map(({ status }) => status)).toEqual([200, 200]);

    const [model] = (await get('/v2/models/echo/stats')).json.model_stats;
    expect(model).toMatchObject({
      inference_count: 2,
      inferometer: {
        padded_rows: 2,
        dropped: { timeout: 1, 'queue-full': 0, cancelled: 0 },
        deferred: 0,
        instance_crashes: 0,
      },
    });
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'inferometer_padded_rows_total{model="echo",version="1"} 2',
      'inferometer_dropped_total{model="echo",version="1",reason="timeout"} 1',
      'inferometer_instances_running{model="echo",version="1"} 1',
      'inferometer_circuits_open{model="echo",version="1"} 0',
    ]) {
      expect(page).toContain(line);
    }
    const { json } = await get('/v2/models/echo/config');
    expect(json.dynamic_batching).toEqual({
      preferred_batch_size: [2],
      max_queue_delay_microseconds: 0,
      priority_levels: 2,
      default_queue_policy: { timeout_action: 'REJECT', default_timeout_microseconds: 20_000 },
    });
    expect(json.inferometer).toMatchObject({ allowedRows: [2, 4], placement: 'worker' });
  });

  test('a caller that closes its connection is not executed', async () => {
    await start({ batching: { maxRows: 1 } });
    const release = instances[0]?.hold();
    const first = post({ inputs: [row(0, 0, 0)] });
    await until(() => instances[0]?.batches.length === 1);
    const caller = new AbortController();
    const body = JSON.stringify({ inputs: [row(1, 1, 1)] });
    const init = { method: 'POST', body, signal: caller.signal };
    const abandoned = fetch(`${url}/v2/models/echo/infer`, init).catch(() => 'gone');
    await until(() => server?.models[0]?.pending().requests === 1);
    caller.abort();
    expect(await abandoned).toBe('gone');
    await new Promise((resolve) => setTimeout(resolve, 50));
    release?.();
    expect((await first).status).toBe(200);
    await until(() => server?.models[0]?.statistics.failures.CANCELED === 1);
    expect(instances[0]?.batches).toEqual([1]);
  });

  test('an instance that dies fails its own requests with 500, is replaced, and the next ones are served', async () => {
    await start();
    instances[0]?.hold();
    const lost = post({ inputs: [row(0, 0, 0)] });
    await until(() => instances[0]?.batches.length === 1);
    instances[0]?.die('the thread ran out of memory');
    expect(await lost).toMatchObject({ status: 500, json: { error: 'the thread ran out of memory' } });
    expect((await post({ inputs: [row(1, 1, 1)] })).status).toBe(200);
    expect(instances.length).toBe(2);
  });
});

describe('the model repository', () => {
  const control = async (path: string, body = '') => {
    const response = await fetch(url + path, { method: 'POST', body });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  };

  test('the index, and unloading and loading where models are controlled so', async () => {
    await start({ repository: { mode: 'explicit', load: ['echo'] } });
    const entry = { name: 'echo', version: '1', state: 'READY', reason: '' };
    expect(await control('/v2/repository/index')).toEqual({ status: 200, json: [entry] });
    expect(
      await control('/v2/repository/models/echo/unload', '{"parameters":{"unload_dependents":true}}'),
    ).toEqual({
      status: 200,
      json: undefined,
    });
    expect(instances[0]?.closed).toBe(true);
    expect((await control('/v2/repository/index', '{"ready":true}')).json).toEqual([]);
    expect((await control('/v2/repository/index')).json).toEqual([
      { ...entry, state: 'UNAVAILABLE', reason: 'unloaded' },
    ]);
    expect((await post({ inputs: [row(1, 2, 3)] })).status).toBe(503);
    expect((await control('/v2/repository/models/echo/load', '{}')).status).toBe(200);
    expect((await post({ inputs: [row(1, 2, 3)] })).status).toBe(200);
  });

  test.each([
    ['/v2/repository/models/ecko/load', '', 404, "unknown model 'ecko'"],
    ['/v2/repository/models/echo/load', '[', 400, 'the body is not JSON'],
    ['/v2/repository/models/echo/load', '{"parameters":{"confi":"{}"}}', 400, 'unknown field "confi"'],
    ['/v2/repository/models/echo/load', '{"parameters":{"config":{}}}', 400, 'must be a string'],
    ['/v2/repository/models/echo/load', '{"parameters":{"config":"{}"}}', 501, 'is listed in the server'],
    ['/v2/repository/models/echo/load', '{"parameters":{"file:1/model.onnx":"x"}}', 501, 'not supported'],
    ['/v2/repository/models/echo/unload', '{"parameters":{"unload_dependents":1}}', 400, 'true or false'],
    ['/v2/repository/index', '{"ready":"yes"}', 400, '"ready" must be true or false'],
    ['/v2/repository/other/models/echo/load', '', 501, 'leave its name out'],
  ])('%s %s -> %d', async (path, body, status, error) => {
    await start({ repository: { mode: 'explicit', load: ['*'] } });
    const answer = await control(path, body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toContain(error);
  });

  test('by request only where that is switched on', async () => {
    await start();
    expect(await control('/v2/repository/models/echo/unload')).toMatchObject({ status: 403 });
    expect(await control('/v2/repository/models/echo/load')).toMatchObject({ status: 403 });
    expect((await control('/v2/repository/index')).status).toBe(200);
  });
});

describe('drain', () => {
  test('what is being served finishes, new requests get 503 and the connection closes', async () => {
    await start({ drainMs: 30_000 });
    const release = instances[0]?.hold();
    const served = post({ inputs: [row(1, 2, 3)] });
    await until(() => instances[0]?.batches.length === 1);
    const [asksReady, asksInfer] = [await openConnection(), await openConnection()];
    const stopped = server?.stop();
    server = undefined;

    const ready = await asksReady('GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(ready).toMatch(/^HTTP\/1.1 400 /);
    const body = 'POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx';
    expect(await asksInfer(body)).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nConnection: close\r\n/);
    const refused = () =>
      fetch(url).then(
        () => false,
        () => true,
      );
    while (!(await refused())) await new Promise((resolve) => setTimeout(resolve, 5));
    // Longer than the quiet spell after which a shutdown closes what is idle.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    release?.();
    const answer = await served;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toBe('close');
    await stopped;
    expect(instances[0]?.closed).toBe(true);
  });
});

async function openConnection() {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('error', () => {});
  const ask = (request: string) =>
    new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('close', () => resolve(''));
      socket.write(request);
    });
  await ask('GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
  return ask;
}
