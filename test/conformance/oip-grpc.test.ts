import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldensFor } from '../../harness/run/requests/reference-pass.ts';
import { externalTarget } from '../../harness/targets/external.ts';
import { referenceTarget } from '../../harness/targets/reference.ts';
import type { RunningTarget } from '../../harness/targets/target.ts';
import { type Document, GrpcClient } from '../reference-server/grpc-client.ts';
import { endServers, startServer } from '../reference-server/server-process.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { GOLDEN_COUNT, goldenInput, goldenOutputs, TOLERANCE } from '../support/goldens.ts';
import { NO_C_CORE } from '../support/grpc-servers.ts';
import { conserved } from '../support/load-figures.ts';

/* The bundled server, as a process of its own, through its gRPC door: our engine, grpc-js, and gRPC's C core. */

let server: Awaited<ReturnType<typeof startServer>>;
let target: RunningTarget;
let client: GrpcClient;

beforeAll(async () => {
  server = await startServer({ grpcPort: 0, batching: { maxRows: 16, maxDelayMs: 2 } });
  target = await externalTarget({
    kind: 'external',
    url: server.announced.grpc,
    protocol: 'oip-grpc',
    model: 'recommender',
    headers: {},
  }).start();
  client = new GrpcClient(server.announced.grpc);
}, 60_000);

afterAll(async () => {
  client?.close();
  await endServers();
});

const rows = Array.from({ length: GOLDEN_COUNT }, (_, index) => goldenInput('recommender', index));
const goldens = goldenOutputs('recommender');

function expectGolden(values: readonly number[], index: number): void {
  expect(values).toHaveLength(goldens[index]?.length ?? -1);
  const furthest = Math.max(...values.map((value, at) => Math.abs(value - (goldens[index]?.[at] ?? 1e9))));
  expect(furthest).toBeLessThan(TOLERANCE.recommender);
}

describe('the target', () => {
  it('is known by its own words', () => {
    expect(target.model).toMatchObject({
      name: 'recommender',
      version: '1',
      maxRows: 16,
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 1024] }],
    });
    expect(target.effective).toMatchObject({
      protocol: 'oip-grpc',
      'server.name': 'inferometer',
      'batching.maxRows': 16,
      'batching.maxDelayMs': 2,
      'batching.maxQueueRows': 512,
      instances: 1,
      providerRan: 'cpu',
    });
  });

  it('is refused with the server’s words, and the nearest name', async () => {
    const { spec } = target;
    if (spec.kind !== 'external') throw new Error('it is external');
    const start = (changes: object) => externalTarget({ ...spec, ...changes }).start();
    await expect(start({ model: 'recomender' })).rejects.toMatchObject({
      message: expect.stringMatching(/unknown model 'recomender'.*It has: recommender/),
      advice: 'Did you mean --model recommender?',
    });
    await expect(start({ url: 'grpc://127.0.0.1:1' })).rejects.toThrow(/gave no answer over gRPC/);
    await expect(start({ url: server.url.replace('http', 'grpc') })).rejects.toThrow(
      /gave no answer over gRPC/,
    );
  });

  it('is the bundled server, when that is asked for', async () => {
    const bundled = await referenceTarget({
      kind: 'reference',
      model: 'recommender',
      instances: 1,
      threads: 1,
      provider: 'cpu',
      batching: { maxRows: 8, maxDelayMs: 0, maxQueueRows: 64, inFlight: 1 },
      protocol: 'oip-grpc',
    }).start();
    expect(bundled.endpoint.url).toMatch(/^grpc:\/\/127\.0\.0\.1:\d+$/);
    expect(bundled.effective).toMatchObject({ protocol: 'oip-grpc', 'batching.maxRows': 8 });
    await bundled.stop();
  });
});

describe.each([
  ['calls', 'binary'],
  ['calls', 'json'],
  ['a stream', 'binary'],
  ['a stream', 'json'],
] as const)('our engine, by %s with %s contents', (how, encoding) => {
  it('loses no request, crosses none, and agrees with the server about how many there were', async () => {
    const asked = assignment(server.announced.grpc, {
      protocol: 'oip-grpc',
      ...(how === 'a stream' ? { stream: true } : {}),
      model: target.model,
      workload: {
        rows: 1,
        encoding,
        inputs: {},
        distinct: 12,
        validate: { share: 1, tolerance: 1e-4 },
      },
      load: { shape: 'closed', inFlight: 24, thinkTimeMs: 0 },
      connections: 2,
      warmupMs: 100,
      durationMs: 600,
      timeoutMs: 10_000,
    });
    const expected = await goldensFor(asked, 0, new AbortController().signal);
    if (expected === undefined) throw new Error('there is nothing to compare with');
    const before = await target.statistics();
    const result = await runLoad({ ...asked, goldens: expected });
    const after = await target.statistics();
    expect(result.counts.byOutcome).toEqual({ ok: result.counts.ok });
    expect(conserved(result)).toBe(true);
    expect(result.answers?.compared).toBeGreaterThan(20);
    expect(result.answers?.wrong).toBe(0);
    if ('missing' in before || 'missing' in after) throw new Error('the server has no statistics');
    expect(after.requestsOk - before.requestsOk).toBeGreaterThanOrEqual(result.counts.ok);
    expect(after.requestsFailed).toBe(before.requestsFailed);
    expect(after.arrivals).toBe(after.requestsOk + after.requestsFailed);
    expect(Object.keys(after.batchSizes).some((size) => Number(size) > 1)).toBe(true);
  }, 30_000);
});

it('both doors give the golden answers in every encoding, in batches with strangers’ rows', async () => {
  const load = runLoad(
    assignment(server.announced.grpc, {
      protocol: 'oip-grpc',
      stream: true,
      model: target.model,
      workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 'all' },
      load: { shape: 'closed', inFlight: 6, thinkTimeMs: 0 },
      warmupMs: 100,
      durationMs: 1500,
    }),
  );
  const ways = [grpcRaw, grpcTyped, restJson, restBinary];
  for (let round = 0; round < 6; round++) {
    const index = round % GOLDEN_COUNT;
    const answers = await Promise.all(ways.map((way) => way(index)));
    for (const answer of answers) expectGolden(answer, index);
  }
  expect((await load).counts.byOutcome).toHaveProperty('ok');
}, 30_000);

it.each(['calls', 'a stream'] as const)(
  'SIGTERM under load, by %s: what was asked is answered, once',
  async (how) => {
    const leaving = await startServer({ grpcPort: 0, batching: { maxRows: 4 } });
    const load = runLoad(
      assignment(leaving.announced.grpc, {
        protocol: 'oip-grpc',
        ...(how === 'a stream' ? { stream: true } : {}),
        model: target.model,
        workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 'all' },
        load: { shape: 'closed', inFlight: 12, thinkTimeMs: 5 },
        connections: 2,
        warmupMs: 0,
        durationMs: 1500,
        timeoutMs: 5000,
      }),
    );
    while ((await answeredBy(leaving.url)) < 20) await new Promise((next) => setTimeout(next, 20));
    leaving.child.kill('SIGTERM');
    const { counts, ...result } = await load;
    expect(await leaving.exited).toBe(0);
    expect(counts.ok).toBeGreaterThan(10);
    // Afterwards nobody listens; before, nothing is reset or cut off.
    const after = [
      'ok',
      'connect-error',
      'grpc-unavailable',
      ...(how === 'a stream' ? ['grpc-unknown'] : []),
    ];
    expect(Object.keys(counts.byOutcome).filter((outcome) => !after.includes(outcome))).toEqual([]);
    expect(conserved({ counts, ...result })).toBe(true);
  },
  30_000,
);

async function answeredBy(url: string): Promise<number> {
  const { model_stats }: Document = await (await fetch(`${url}/v2/models/recommender/stats`)).json();
  return model_stats[0].inference_stats.success.count;
}

const bytesOf = (index: number) => Buffer.from(new Uint8Array(rows[index]?.buffer ?? new ArrayBuffer(0)));
const floatsOf = (bytes: Buffer) => [
  ...new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
];
const INPUT = { name: 'features', datatype: 'FP32', shape: [1, 1024] };

async function grpcRaw(index: number): Promise<number[]> {
  const asked = { model_name: 'recommender', inputs: [INPUT], raw_input_contents: [bytesOf(index)] };
  return floatsOf((await client.call('ModelInfer', asked)).raw_output_contents[0]);
}

async function grpcTyped(index: number): Promise<number[]> {
  const contents = { fp32_contents: [...(rows[index] ?? [])] };
  const answer: Document = await client.call('ModelInfer', {
    model_name: 'recommender',
    inputs: [{ ...INPUT, contents }],
  });
  return answer.outputs[0].contents.fp32_contents;
}

async function restJson(index: number): Promise<number[]> {
  const body = JSON.stringify({ inputs: [{ ...INPUT, data: [...(rows[index] ?? [])] }] });
  const answer = await fetch(`${server.url}/v2/models/recommender/infer`, { method: 'POST', body });
  return ((await answer.json()) as Document).outputs[0].data;
}

async function restBinary(index: number): Promise<number[]> {
  const parameters = { binary_data_size: 4096 };
  const json = JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: [{ ...INPUT, parameters }],
  });
  const answer = await fetch(`${server.url}/v2/models/recommender/infer`, {
    method: 'POST',
    body: Buffer.concat([Buffer.from(json), bytesOf(index)]),
    headers: { 'Inference-Header-Content-Length': String(json.length) },
  });
  const start = Number(answer.headers.get('inference-header-content-length'));
  return floatsOf(Buffer.from(await answer.arrayBuffer()).subarray(start));
}

const PYTHON = '/usr/bin/python3';
it.skipIf(NO_C_CORE !== undefined)(
  `a client on the C core with Google’s protobuf ${NO_C_CORE ?? ''}`,
  async () => {
    const said = await askFromPython({
      address: new URL(server.announced.grpc).host,
      descriptors: descriptors().toString('base64'),
      rows: rows.map((row) => [...row]),
    });
    expect(said.live).toEqual({ live: true });
    expect(said.metadata).toMatchObject({ name: 'recommender', platform: 'onnxruntime_onnx' });
    expect(said.config.config).toMatchObject({ max_batch_size: 16, input: [{ data_type: 'TYPE_FP32' }] });
    expect(said.health).toBe(1);
    expect(said.refused).toEqual(['NOT_FOUND', expect.stringMatching(/unknown model 'no such model'/)]);
    const width = goldens[0]?.length ?? 0;
    for (let index = 0; index < GOLDEN_COUNT; index++) {
      expectGolden(said.raw.slice(index * width, (index + 1) * width), index);
      expectGolden(said.typed.slice(index * width, (index + 1) * width), index);
      expectGolden(said.streamed[String(index)], index);
    }
    expect(said.errors).toEqual({ broken: expect.stringMatching(/unknown model 'other'/) });
    expect(Number(said.statistics.model_stats[0].inference_count)).toBeGreaterThan(0);
  },
  30_000,
);

/** Our .proto files as protoc would hand them to another language. */
function descriptors(): Buffer {
  const files = ['open_inference.proto', 'grpc_health.proto'].map((file) =>
    fileURLToPath(new URL(`../../proto/${file}`, import.meta.url)),
  );
  const root = new protobuf.Root();
  root.loadSync(files, { keepCase: true });
  const set = (root as unknown as { toDescriptor(edition: string): protobuf.Message }).toDescriptor('proto3');
  return Buffer.from(set.$type.encode(set).finish());
}

async function askFromPython(question: object): Promise<Document> {
  const script = fileURLToPath(new URL('../support/oip-client.py', import.meta.url));
  const child = spawn(PYTHON, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [answer, complaint] = ['', ''];
  child.stdout.on('data', (piece) => {
    answer += piece;
  });
  child.stderr.on('data', (piece) => {
    complaint += piece;
  });
  child.stdin.end(JSON.stringify(question));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(complaint);
  return JSON.parse(answer);
}
