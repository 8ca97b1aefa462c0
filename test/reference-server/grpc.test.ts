import { once } from 'node:events';
import { connect } from 'node:net';
import { compressionAlgorithms, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer, type ReferenceServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { FakeInstance } from './fake-instance.ts';
import { type Document, GrpcClient } from './grpc-client.ts';

let server: ReferenceServer | undefined;
let client: GrpcClient;
let instances: FakeInstance[] = [];
let url = '';

/** A server on real sockets in this process, with a stand-in for the model. */
async function start(settings: object = {}): Promise<void> {
  await stop();
  instances = [];
  const models = [{ name: 'echo', source: 'echo' }];
  const config = { port: 0, grpcPort: 0, models, drainMs: 2000, ...settings };
  server = await buildServer(parseServerConfig(JSON.stringify(config)), {
    clock: realClock,
    startInstance: async (options) => {
      const instance = new FakeInstance(options);
      instances.push(instance);
      return instance;
    },
    modelPath: async (source) => `/models/${source}.onnx`,
    log: () => {},
    version: '1.2.3',
  });
  url = (await server.listenGrpc()) ?? '';
  client = new GrpcClient(url);
}

async function stop(): Promise<void> {
  client?.close();
  await server?.stop();
  server = undefined;
}

beforeEach(() => start());
afterEach(stop);

const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);

function typed(values: readonly number[], more: object = {}) {
  const shape = [values.length / 3, 3];
  const input = { name: 'x', datatype: 'FP32', shape, contents: { fp32_contents: values } };
  return { model_name: 'echo', inputs: [input], ...more };
}

function raw(values: readonly number[], more: object = {}) {
  const input = { name: 'x', datatype: 'FP32', shape: [values.length / 3, 3] };
  return { model_name: 'echo', inputs: [input], raw_input_contents: [floats(...values)], ...more };
}

const statistics = async () => (await client.call('ModelStatistics', { name: 'echo' })).model_stats[0];

describe('documents', () => {
  test('live, ready and metadata', async () => {
    expect(await client.call('ServerLive', {})).toEqual({ live: true });
    expect(await client.call('ServerReady', {})).toEqual({ ready: true });
    expect(await client.call('ModelReady', { name: 'echo', version: '1' })).toEqual({ ready: true });
    const metadata = await client.call('ServerMetadata', {});
    expect(metadata).toMatchObject({ name: 'inferometer', version: '1.2.3' });
    expect(metadata.extensions).toContain('statistics');
    expect(await client.call('ModelMetadata', { name: 'echo' })).toEqual({
      name: 'echo',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3], parameters: {} }],
      outputs: [
        { name: 'same', datatype: 'FP32', shape: [-1, 3], parameters: {} },
        { name: 'label', datatype: 'BYTES', shape: [-1, 1], parameters: {} },
      ],
    });
  });

  test('the configuration has Triton’s fields, and what really runs', async () => {
    await start({ batching: { maxRows: 8, maxDelayMs: 2.5 } });
    const { config } = await client.call('ModelConfig', { name: 'echo' });
    expect(config).toMatchObject({
      name: 'echo',
      backend: 'onnxruntime',
      max_batch_size: 8,
      dynamic_batching: { max_queue_delay_microseconds: 2500 },
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [3] }],
      output: [{ name: 'same' }, { name: 'label', data_type: 'TYPE_STRING' }],
      inferometer: { maxRows: 8, maxDelayMs: 2.5, instances: 1, providerRan: 'cpu' },
    });
    expect(config.instance_group[0]).toMatchObject({ kind: 'KIND_CPU', count: 1 });
  });

  test('no field of the REST door’s documents is lost', async () => {
    const rest = await server?.listen();
    const json = async (path: string): Promise<Document> =>
      (await fetch(`${rest}/v2/models/echo${path}`)).json();
    await client.call('ModelInfer', raw([1, 2, 3]));
    const { config } = await client.call('ModelConfig', { name: 'echo' });
    expect(config).toMatchObject(await json('/config'));
    const own = (await json('/stats')).model_stats[0];
    expect(await statistics()).toMatchObject(own);
    expect(await client.call('ModelMetadata', { name: 'echo' })).toMatchObject(await json(''));
  });

  test('statistics count calls as requests and their rows', async () => {
    await client.call('ModelInfer', raw([1, 2, 3, 4, 5, 6]));
    await client.call('ModelInfer', typed([1, 2, 3]));
    await client.refusal('ModelInfer', { model_name: 'echo' });
    expect(await statistics()).toMatchObject({
      name: 'echo',
      inference_count: 3,
      execution_count: 2,
      inference_stats: { success: { count: 2 }, fail: { count: 1 } },
      inferometer: { arrivals: 3, release: { idle: 2 } },
    });
    expect((await client.call('ModelStatistics', {})).model_stats).toHaveLength(1);
  });
});

describe('infer', () => {
  test('raw contents are answered raw', async () => {
    const answer = await client.call('ModelInfer', raw([1, 2.5, -3], { id: 'mine' }));
    expect(answer).toMatchObject({ model_name: 'echo', model_version: '1', id: 'mine' });
    expect(answer.outputs).toMatchObject([
      { name: 'same', datatype: 'FP32', shape: [1, 3], contents: null },
      { name: 'label', datatype: 'BYTES', shape: [1, 1], contents: null },
    ]);
    expect(answer.raw_output_contents).toEqual([floats(1, 2.5, -3), Buffer.from('\x03\0\0\0row', 'latin1')]);
  });

  test('typed contents are answered typed', async () => {
    const { outputs, raw_output_contents } = await client.call('ModelInfer', typed([1, 2.5, -3]));
    expect(raw_output_contents).toEqual([]);
    expect(outputs[0].contents.fp32_contents).toEqual([1, 2.5, -3]);
    expect(outputs[1].contents.bytes_contents).toEqual([Buffer.from('row')]);
  });

  test('only the outputs that are asked for, in that order', async () => {
    const outputs = [{ name: 'label' }];
    const answer = await client.call('ModelInfer', typed([1, 2, 3], { outputs }));
    expect(answer.outputs.map(({ name }: Document) => name)).toEqual(['label']);
  });

  test('the classes of the highest scores, raw and typed', async () => {
    const outputs = [{ name: 'same', parameters: { classification: { int64_param: 2 } } }];
    const typedAnswer = await client.call('ModelInfer', typed([0.25, 8, -3], { outputs }));
    expect(typedAnswer.outputs[0]).toMatchObject({ name: 'same', datatype: 'BYTES', shape: [1, 2] });
    const words = (texts: readonly Buffer[]) => texts.map(String);
    expect(words(typedAnswer.outputs[0].contents.bytes_contents)).toEqual(['8:1', '0.25:0']);
    const rawAnswer = await client.call('ModelInfer', raw([0.25, 8, -3], { outputs }));
    expect(rawAnswer.raw_output_contents).toEqual([
      Buffer.from('\x03\0\0\x008:1\x06\0\0\x000.25:0', 'latin1'),
    ]);
  });

  test('a message of megabytes, in many frames', async () => {
    const rows = 30_000;
    await start({ batching: { maxRows: rows, maxQueueRows: rows } });
    const values = Array.from({ length: rows * 3 }, (_, at) => at);
    const answer = await client.call('ModelInfer', raw(values, { outputs: [{ name: 'same' }] }));
    expect(Buffer.compare(answer.raw_output_contents[0], floats(...values))).toBe(0);
  });

  test('messages that the client compresses', async () => {
    const gzip = compressionAlgorithms.gzip;
    const compressing = new GrpcClient(url, { 'grpc.default_compression_algorithm': gzip });
    const answer = await compressing.call('ModelInfer', raw(new Array(90).fill(0.5)));
    expect(answer.raw_output_contents[0]).toEqual(floats(...new Array(90).fill(0.5)));
    compressing.close();
  });

  test.each([
    ['no such model', { model_name: 'other' }, status.NOT_FOUND, /unknown model 'other'/],
    ['no such version', { ...raw([1, 2, 3]), model_version: '7' }, status.NOT_FOUND, /unknown version '7'/],
    ['no input', { model_name: 'echo' }, status.INVALID_ARGUMENT, /input 'x' is missing/],
    [
      'no such output',
      raw([1, 2, 3], { outputs: [{ name: 'y' }] }),
      status.INVALID_ARGUMENT,
      /no output 'y', it has 'same', 'label'/,
    ],
    [
      'too few bytes',
      { ...raw([1, 2, 3]), raw_input_contents: [floats(1)] },
      status.INVALID_ARGUMENT,
      /it has 4 bytes, FP32 of shape \[1,3\] needs 12/,
    ],
    [
      'more raw contents than inputs',
      { ...raw([1, 2, 3]), raw_input_contents: [floats(1), floats(2)] },
      status.INVALID_ARGUMENT,
      /raw_input_contents has 2 entries/,
    ],
    [
      'contents of another type',
      {
        model_name: 'echo',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { int_contents: [1, 2, 3] } }],
      },
      status.INVALID_ARGUMENT,
      /found int_contents, this datatype is in fp32_contents/,
    ],
    [
      'both kinds of contents',
      { ...typed([1, 2, 3]), raw_input_contents: [floats(1, 2, 3)] },
      status.INVALID_ARGUMENT,
      /found both of contents and raw_input_contents/,
    ],
    [
      'too few elements',
      {
        model_name: 'echo',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1] } }],
      },
      status.INVALID_ARGUMENT,
      /its contents have 1 elements, its shape needs 3/,
    ],
    [
      'the classes of texts',
      raw([1, 2, 3], { outputs: [{ name: 'label', parameters: { classification: { int64_param: 1 } } }] }),
      status.INVALID_ARGUMENT,
      /BYTES has no order/,
    ],
    [
      'a reserved parameter',
      raw([1, 2, 3], { parameters: { triton_x: { bool_param: true } } }),
      status.INVALID_ARGUMENT,
      /"triton_x" is none of this door's/,
    ],
    ['too many rows', raw(new Array(300).fill(0)), status.INVALID_ARGUMENT, /100 rows, at most 32/],
  ])('refuses %s with the code and the words', async (_, message, code, words) => {
    const refusal = await client.refusal('ModelInfer', message);
    expect(refusal.code).toBe(code);
    expect(refusal.details).toMatch(words);
  });

  test('bytes that are no message are refused, and the connection lives on', async () => {
    const path = '/inference.GRPCInferenceService/ModelInfer';
    for (const bytes of ['ff', '0aff', '0a05616263', '2b', '3207', '080000'].map((hex) =>
      Buffer.from(hex, 'hex'),
    )) {
      expect(await client.raw(path, bytes)).toMatchObject({ code: expect.any(Number) });
    }
    expect(await client.call('ServerLive', {})).toEqual({ live: true });
  });

  test('an unknown method is unimplemented; a message above the limit is refused by its length', async () => {
    await start({ bodyLimitBytes: 1000 });
    expect(await client.raw('/inference.GRPCInferenceService/Nothing', Buffer.alloc(0))).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringMatching(/unknown method/),
    });
    expect(await client.refusal('ModelInfer', raw(new Array(300).fill(0)))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/at most 1000 are allowed/),
    });
  });

  test('a request names its priority, and how long it waits', async () => {
    await start({ batching: { maxRows: 1 }, queue: { priorityLevels: 2, allowTimeoutOverride: true } });
    const release = instances[0]?.hold();
    const running = client.call('ModelInfer', raw([1, 2, 3]));
    const order: string[] = [];
    const asked = (id: string, parameters: object) =>
      client.call('ModelInfer', raw([1, 2, 3], { id, parameters })).then((answer) => order.push(answer.id));
    const low = asked('low', { priority: { uint64_param: 2 } });
    while ((await statistics()).inferometer.arrivals < 2) await new Promise((next) => setTimeout(next, 5));
    const high = asked('high', { priority: { int64_param: 1 } });
    const timeout = { timeout: { int64_param: 20_000 } };
    const late = await client.refusal('ModelInfer', raw([1, 2, 3], { parameters: timeout }));
    expect(late).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringMatching(/timeout/i) });
    const wrong = { priority: { string_param: 'x' } };
    const refused = await client.refusal('ModelInfer', raw([1, 2, 3], { parameters: wrong }));
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    release?.();
    await Promise.all([running, low, high]);
    expect(order).toEqual(['high', 'low']);
  });

  test('a full queue is unavailable', async () => {
    await start({ batching: { maxRows: 1, maxQueueRows: 1 } });
    const release = instances[0]?.hold();
    const running = client.call('ModelInfer', raw([1, 2, 3]));
    const waiting = client.call('ModelInfer', raw([1, 2, 3]));
    const refused = await client.refusal('ModelInfer', raw([1, 2, 3]));
    expect(refused).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringMatching(/queue size/) });
    release?.();
    await Promise.all([running, waiting]);
  });
});

describe('callers that go away', () => {
  test.each(['deadline', 'cancel'] as const)('by %s: the batcher never runs what waited', async (how) => {
    await start({ batching: { maxRows: 1 } });
    const release = instances[0]?.hold();
    const running = client.call('ModelInfer', raw([1, 2, 3]));
    if (how === 'deadline') {
      // Connected, and what runs has arrived: what comes now arrives before its deadline.
      while ((await statistics()).inferometer.arrivals < 1) await new Promise((next) => setTimeout(next, 5));
      const refused = await client.refusal('ModelInfer', raw([4, 5, 6]), { deadline: Date.now() + 200 });
      expect(refused.code).toBe(status.DEADLINE_EXCEEDED);
    } else {
      const stream = client.stream('ModelStreamInfer');
      stream.on('error', () => {});
      stream.write(raw([4, 5, 6]));
      while ((await statistics()).inferometer.arrivals < 2) await new Promise((next) => setTimeout(next, 5));
      stream.cancel();
    }
    await new Promise((next) => setTimeout(next, 50));
    release?.();
    await running;
    while ((await statistics()).inference_stats.fail.count < 1)
      await new Promise((next) => setTimeout(next, 5));
    expect(instances[0]?.batches).toEqual([1]);
  });
});

describe('stream', () => {
  const answersOf = async (messages: readonly object[]): Promise<Document[]> => {
    const stream = client.stream('ModelStreamInfer');
    const answers: Document[] = [];
    stream.on('data', (answer) => answers.push(answer));
    for (const message of messages) stream.write(message);
    stream.end();
    await once(stream, 'end');
    return answers;
  };

  test('every request is answered under its id, an error as a message', async () => {
    const answers = await answersOf([
      raw([1, 2, 3], { id: 'a' }),
      raw([1, 2, 3], { id: 'b', model_name: 'other' }),
      typed([4, 5, 6], { id: 'c' }),
    ]);
    const byId = new Map(answers.map((answer) => [answer.infer_response.id, answer]));
    expect([...byId.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(byId.get('a').infer_response.raw_output_contents[0]).toEqual(floats(1, 2, 3));
    expect(byId.get('a').error_message).toBe('');
    expect(byId.get('b').error_message).toMatch(/unknown model 'other'/);
    expect(byId.get('c').infer_response.outputs[0].contents.fp32_contents).toEqual([4, 5, 6]);
  });

  test('says that an answer is the last where that is asked', async () => {
    const parameters = { triton_enable_empty_final_response: { bool_param: true } };
    const [answer] = await answersOf([raw([1, 2, 3], { parameters })]);
    expect(answer.infer_response.parameters.triton_final_response.bool_param).toBe(true);
  });

  test('with triton_grpc_error the first error ends it', async () => {
    const metadata = new Metadata();
    metadata.set('triton_grpc_error', 'true');
    const stream = client.stream('ModelStreamInfer', metadata);
    stream.on('data', () => {});
    stream.write(raw([1, 2, 3], { model_name: 'other' }));
    const [error] = await once(stream, 'error');
    expect(error.code).toBe(status.NOT_FOUND);
  });

  test('a thousand requests on one stream share batches, none crossed', async () => {
    await start({ batching: { maxDelayMs: 5, maxQueueRows: 1000 } });
    const messages = Array.from({ length: 1000 }, (_, at) => raw([at, at + 0.5, -at], { id: String(at) }));
    const answers = await answersOf(messages);
    expect(answers).toHaveLength(1000);
    for (const { infer_response: answer } of answers) {
      const at = Number(answer.id);
      expect(answer.raw_output_contents[0]).toEqual(floats(at, at + 0.5, -at));
    }
    expect(Math.max(...(instances[0]?.batches ?? []))).toBeGreaterThan(1);
  });
});

describe('repository', () => {
  test('the index lists what there is; loading is refused where it is not enabled', async () => {
    const index = await client.call('RepositoryIndex', {});
    expect(index.models).toMatchObject([{ name: 'echo', version: '1', state: 'READY' }]);
    const refused = await client.refusal('RepositoryModelLoad', { model_name: 'echo' });
    expect(refused.code).toBe(status.PERMISSION_DENIED);
    const named = await client.refusal('RepositoryIndex', { repository_name: 'other' });
    expect(named.code).toBe(status.UNIMPLEMENTED);
  });
});

describe('health', () => {
  test('Check knows the server, its services and its models', async () => {
    for (const service of ['', 'inference.GRPCInferenceService', 'echo']) {
      expect(await client.call('grpc.health.v1.Health/Check', { service })).toEqual({ status: 'SERVING' });
    }
    expect(await client.refusal('grpc.health.v1.Health/Check', { service: 'x' })).toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  test('Watch tells the status, and that the server shuts down', async () => {
    const watch = client.watch('grpc.health.v1.Health/Watch', { service: '' });
    watch.on('error', () => {});
    const told: string[] = [];
    watch.on('data', ({ status: found }) => told.push(found));
    await once(watch, 'data');
    const ended = once(watch, 'end').catch(() => {});
    await server?.stop();
    await ended;
    expect(told).toEqual(['SERVING', 'NOT_SERVING']);
  });

  test('Watch of what is unknown says so and stays', async () => {
    const watch = client.watch('grpc.health.v1.Health/Watch', { service: 'x' });
    watch.on('error', () => {});
    const [first] = await once(watch, 'data');
    expect(first).toEqual({ status: 'SERVICE_UNKNOWN' });
    watch.cancel();
  });
});

describe('shutdown', () => {
  test('what runs is finished, by call and by stream; what comes later is refused', async () => {
    const release = instances[0]?.hold();
    const running = client.call('ModelInfer', raw([1, 2, 3]));
    const stream = client.stream('ModelStreamInfer');
    stream.on('error', () => {});
    stream.write(raw([4, 5, 6], { id: 'streamed' }));
    const streamed = once(stream, 'data');
    while ((await statistics()).inferometer.arrivals < 2) await new Promise((next) => setTimeout(next, 5));
    const stopping = server?.stop();
    await new Promise((next) => setTimeout(next, 100));
    release?.();
    expect((await running).raw_output_contents[0]).toEqual(floats(1, 2, 3));
    expect((await streamed)[0].infer_response.id).toBe('streamed');
    await stopping;
    expect((await client.refusal('ServerLive', {})).code).toBe(status.UNAVAILABLE);
  });

  test('who answers no ping is let go of, and who does is not', async () => {
    await start({ grpcPingMs: 50 });
    const silent = connect(Number(new URL(url).port), '127.0.0.1');
    silent.on('error', () => {});
    // The preface, and a frame that is larger than it may be: Node reads nothing that comes after it.
    silent.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\x01', 'latin1');
    silent.end();
    const stream = client.stream('ModelStreamInfer');
    silent.resume();
    await once(silent, 'close');
    stream.write(raw([1, 2, 3], { id: 'still there' }));
    expect((await once(stream, 'data'))[0].infer_response.id).toBe('still there');
    stream.end();
  });

  test('who speaks no HTTP/2 is let go, and nobody else is hurt', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(`${'nonsense '.repeat(20)}\r\n\r\n`);
    await once(socket, 'close');
    expect(await client.call('ServerLive', {})).toEqual({ live: true });
  });
});
