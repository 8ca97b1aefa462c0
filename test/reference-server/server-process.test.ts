import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { distance, floats, GOLDEN_COUNT, goldenInput, goldenOutputs, TOLERANCE } from '../support/goldens.ts';
import { FLAG, FRAME, frame, headerBlock, PREFACE } from '../support/h2-frames.ts';
import { endServers, spawnServer, startServer, withConfig } from './server-process.ts';

afterEach(endServers);

const ORT = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
const CUDA_LIBRARIES = existsSync(
  join(ORT, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'),
);

interface Answer {
  readonly status: number;
  readonly json: { readonly error?: string; readonly outputs?: readonly { readonly data?: number[] }[] };
  readonly scores: readonly number[];
}

/** One infer request over the agent's connections. Rejects only when the connection gives no answer. */
function infer(agent: Agent, url: string, body: Buffer, headerLength?: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = headerLength === undefined ? {} : { 'Inference-Header-Content-Length': headerLength };
    const options = { agent, method: 'POST', headers: { ...headers, 'Content-Length': body.byteLength } };
    const sent = request(`${url}/v2/models/recommender/infer`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const jsonEnd = Number(response.headers['inference-header-content-length'] ?? bytes.byteLength);
        const json = JSON.parse(bytes.toString('utf8', 0, jsonEnd));
        const tail = floats(bytes.subarray(jsonEnd));
        const scores = tail.length > 0 ? tail : (json.outputs?.[0].data ?? []);
        resolve({ status: response.statusCode ?? 0, json, scores });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The golden inputs of these indexes as rows of one binary request. */
function binaryRequest(indexes: readonly number[]) {
  const tensors = indexes.map((index) => Buffer.from(goldenInput('recommender', index).buffer));
  const size = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const input = {
    name: 'features',
    datatype: 'FP32',
    shape: [indexes.length, 1024],
    parameters: { binary_data_size: size },
  };
  const head = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  return { body: Buffer.concat([head, ...tensors]), headerLength: head.byteLength };
}

async function statisticsOf(url: string) {
  const { model_stats } = JSON.parse(await (await fetch(`${url}/v2/models/recommender/stats`)).text());
  return model_stats[0];
}

describe('the recommender behind the server', () => {
  test('golden answers over JSON and binary, every row its own, and statistics that add up', async () => {
    const { url, announced, stdout, child, exited } = await startServer({ batching: { maxRows: 8 } });
    expect(announced).toEqual({
      listening: url,
      pid: child.pid,
      models: ['recommender'],
      providerRan: 'cpu',
    });
    const agent = new Agent({ keepAlive: true });
    const expected = goldenOutputs('recommender');
    const tolerance = TOLERANCE.recommender;

    const data = [...goldenInput('recommender', 0)];
    const json = { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 1024], data }] };
    const first = await infer(agent, url, Buffer.from(JSON.stringify(json)));
    expect(distance(first.scores, expected[0] ?? [])).toBeLessThan(tolerance);

    const requests = Array.from({ length: 60 }, (_, n) =>
      Array.from({ length: 1 + (n % 3) }, (_, row) => (n + row) % GOLDEN_COUNT),
    );
    const answers = await Promise.all(
      requests.map((indexes) => {
        const { body, headerLength } = binaryRequest(indexes);
        return infer(agent, url, body, headerLength);
      }),
    );
    answers.forEach((answer, n) => {
      const right = requests[n]?.flatMap((index) => expected[index] ?? []) ?? [];
      expect(distance(answer.scores, right)).toBeLessThan(tolerance);
    });

    const stats = await statisticsOf(url);
    const rows = 1 + requests.flat().length;
    const sizes: { batch_size: number; compute_infer: { count: number; ns: number } }[] = stats.batch_stats;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(sizes.map((each) => each.batch_size * each.compute_infer.count))).toBe(rows);
    expect(stats.inference_count).toBe(rows);
    expect(sum(sizes.map((each) => each.compute_infer.count))).toBe(stats.execution_count);
    expect(sum(Object.values(stats.inferometer.release))).toBe(stats.execution_count);
    expect(stats.execution_count).toBeLessThan(requests.length);
    expect(stats.inference_stats.success.count).toBe(1 + requests.length);
    expect(stats.inferometer.arrivals).toBe(1 + requests.length);
    const { success, queue, compute_input, compute_infer, compute_output } = stats.inference_stats;
    const parts = sum([queue, compute_input, compute_infer, compute_output].map(({ ns }) => ns));
    expect(parts).toBeGreaterThan(0.5 * success.ns);
    expect(parts).toBeLessThanOrEqual(success.ns);

    child.kill('SIGTERM');
    agent.destroy();
    expect(await exited).toBe(0);
    expect(stdout().trimEnd().split('\n')).toHaveLength(1);
  });

  test('a full queue refuses with 503, and the counts close', async () => {
    const { url } = await startServer({ batching: { maxRows: 1, maxQueueRows: 4 } });
    const agent = new Agent({ keepAlive: true });
    const { body, headerLength } = binaryRequest([0]);
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => infer(agent, url, body, headerLength)),
    );
    const refused = answers.filter((answer) => answer.status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json.error).toContain('Exceeds maximum queue size');
    const served = answers.filter((answer) => answer.status === 200);
    expect(served.length + refused.length).toBe(64);
    const { inferometer, inference_stats, inference_count } = await statisticsOf(url);
    expect(inferometer).toMatchObject({ arrivals: 64, rejected: refused.length });
    expect([inference_stats.fail.count, inference_stats.success.count, inference_count]).toEqual([
      refused.length,
      served.length,
      served.length,
    ]);
    agent.destroy();
  });
});

describe('stopping', () => {
  test('SIGTERM under load loses nothing: every request is answered, 200 or 503', async () => {
    const { url, child, exited } = await startServer({});
    const agent = new Agent({ keepAlive: true, maxSockets: 32 });
    const { body, headerLength } = binaryRequest([0, 1]);
    const statuses: number[] = [];
    let stopping = false;
    const slots = Array.from({ length: 32 }, async () => {
      do statuses.push((await infer(agent, url, body, headerLength)).status);
      while (!stopping);
    });
    while (statuses.length < 64) await sleep(5);
    stopping = true;
    child.kill('SIGTERM');
    await Promise.all(slots);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(32);
    expect(await exited).toBe(0);
    agent.destroy();
  });

  test('the second signal ends at once', async () => {
    // The row waits 20 s for company that does not come.
    const { url, child, exited } = await startServer({ batching: { maxDelayMs: 20_000 } });
    const agent = new Agent();
    const { body, headerLength } = binaryRequest([0]);
    const pending = infer(agent, url, body, headerLength).catch((error: NodeJS.ErrnoException) => error.code);
    await sleep(200);
    child.kill('SIGINT');
    await sleep(200);
    child.kill('SIGINT');
    expect(await exited).toBe(130);
    expect(await pending).toBe('ECONNRESET');
  });

  test('without its parent it ends by itself', async () => {
    const { child, exited } = await startServer({}, '--exit-with-parent');
    child.stdin?.end();
    expect(await exited).toBe(0);
  });
});

describe('starting', () => {
  const fatalOf = async (args: readonly string[]) => {
    const { exited, stdout, stderr } = spawnServer(args);
    const code = await exited;
    const last = JSON.parse(stderr().trimEnd().split('\n').at(-1) ?? '');
    return { code, stdout: stdout(), ...last };
  };

  test('a port in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    const outcome = await fatalOf(withConfig({ port }));
    holder.close();
    expect(outcome).toMatchObject({ code: 4, stdout: '', fatal: `port ${port} on 127.0.0.1 is in use` });
    expect(outcome.advice).toContain('0 takes any free one');
  });

  test.each([
    ['recomender', "unknown model 'recomender'"],
    ['no/such.onnx', 'there is no model file at '],
  ])('an unknown model: %s', async (source, fatal) => {
    const outcome = await fatalOf(withConfig({ models: [{ name: 'm', source }] }));
    expect(outcome.code).toBe(4);
    expect(outcome.fatal).toContain(fatal);
    expect(outcome.advice).toContain('recommender, image-classifier');
    expect(outcome.advice).toContain('.onnx file works');
  });

  test.skipIf(CUDA_LIBRARIES).each(['cuda', 'tensorrt'])(
    '%s without its libraries: one error that says how to get them',
    async (provider) => {
      const outcome = await fatalOf(withConfig({ provider, instances: 2 }));
      expect(outcome.code).toBe(4);
      expect(outcome.fatal.match(/is not installed/g)).toHaveLength(1);
      expect(outcome.fatal).toContain(`libonnxruntime_providers_${provider}.so`);
      expect(outcome.fatal).toContain('NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux');
      expect(outcome.fatal).toContain('cpu or auto otherwise');
    },
  );

  test.each([
    [['--config-json', '{"models":[],"port":-1}'], 'the configuration has 2 problems'],
    [['--config', '/no/such/file.json'], 'the configuration file cannot be read'],
    [[], 'no configuration was given'],
    [['--prot', '1'], "Unknown option '--prot'"],
  ])('usage: %j', async (args, fatal) => {
    const outcome = await fatalOf(args);
    expect(outcome.code).toBe(3);
    expect(outcome.fatal).toContain(fatal);
  });
});
test('a client that leaves in the middle of bad frames does not take the server with it', async () => {
  const { announced, url, child } = await startServer({ grpcPort: 0 });
  const call = {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/inference.GRPCInferenceService/ModelStreamInfer',
    ':authority': 'x',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '0n',
    '': 'a field without a name',
  };
  const leaving = frame(FRAME.goaway, 0, 0, Buffer.alloc(8));
  const tooLong = frame(FRAME.windowUpdate, 0, 1, Buffer.alloc(101));
  const headers = frame(FRAME.headers, FLAG.endHeaders, 1, headerBlock(call));
  const socket = connect(Number(new URL(announced.grpc).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.alloc(0)), leaving, headers, tooLong]),
  );
  await once(socket, 'data');
  socket.destroy();
  expect((await fetch(`${url}/v2/health/ready`)).status).toBe(200);
  expect(child.exitCode).toBeNull();
});
