import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mayServePlainly } from '../../reference-server/api/plain-settings.ts';
import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer, type ReferenceServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { FakeInstance } from './fake-instance.ts';
import { type Answer, open } from './raw-answers.ts';

/**
 * Two servers, of which one writes a line for each request, and so takes every request the long way. Whatever is sent,
 * however it is cut, both have to answer the same.
 */
interface Subject {
  readonly server: ReferenceServer;
  readonly port: number;
  readonly instances: FakeInstance[];
}

async function start(accessLog: boolean, further: object = {}): Promise<Subject> {
  const instances: FakeInstance[] = [];
  const settings = {
    port: 0,
    models: [{ name: 'echo', source: 'echo' }],
    drainMs: 2000,
    bodyLimitBytes: 600,
  };
  const server = await buildServer(
    parseServerConfig(JSON.stringify({ ...settings, accessLog, ...further })),
    {
      clock: realClock,
      startInstance: async (options) => {
        const instance = new FakeInstance(options);
        instances.push(instance);
        return instance;
      },
      modelPath: async () => '/models/echo.onnx',
      log: () => {},
      version: '1.2.3',
    },
  );
  return { server, port: Number(new URL(await server.listen()).port), instances };
}

/** What an answer says, without what tells when and on which way it came. */
const said = (answer: Answer | undefined) => {
  const { date, connection, 'keep-alive': kept, ...headers } = answer?.headers ?? {};
  return { status: answer?.status, body: answer?.body, headers };
};

const tensor = Buffer.from(Float32Array.of(1, 2, 3).buffer);
const json = Buffer.from(
  '{"id":"7","inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}],"outputs":[{"name":"same","parameters":{"binary_data":true}}]}',
);
const infer = (body: Buffer, headers: string, path = '/v2/models/echo/infer') =>
  Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${headers}\r\n`),
    body,
  ]);
const BINARY = `Inference-Header-Content-Length: ${json.length}\r\n`;
const inJson = Buffer.from('{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}');

const REQUESTS = {
  binary: infer(Buffer.concat([json, tensor]), BINARY),
  json: infer(inJson, ''),
  versioned: infer(inJson, '', '/v2/models/echo/versions/1/infer'),
  nobody: infer(inJson, '', '/v2/models/nobody/infer'),
  noVersion: infer(inJson, '', '/v2/models/echo/versions/9/infer'),
  notJson: infer(Buffer.from('{'), ''),
  empty: infer(Buffer.alloc(0), ''),
  short: infer(json, BINARY),
  tooLarge: infer(Buffer.alloc(601, 0x20), ''),
  raw: infer(tensor, 'Inference-Header-Content-Length: 0\r\n'),
  otherHeader: infer(inJson, 'X-Trace: 1\r\n'),
  get: Buffer.from('GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n'),
};
const NAMES = Object.keys(REQUESTS) as (keyof typeof REQUESTS)[];

describe('plain requests on their own way', () => {
  let plain: Subject;
  let long: Subject;
  beforeAll(async () => {
    [plain, long] = [await start(false), await start(true)];
  });
  afterAll(() => Promise.all([plain.server.stop(), long.server.stop()]));

  it.each(NAMES)('%s is answered as it always was', async (name) => {
    const both = await Promise.all(
      [plain, long].map(async ({ port }) => {
        const { socket, answers } = await open(port);
        socket.write(REQUESTS[name]);
        const answer = await answers.next();
        socket.destroy();
        return answer;
      }),
    );
    expect(both[0]).toBeDefined();
    expect(said(both[0])).toEqual(said(both[1]));
    expect(both[0]?.headers.date).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt$/);
    // Node's own answers say how long the connection is kept.
    const short = both[0]?.headers['keep-alive'] === undefined;
    expect(short).toBe(!['otherHeader', 'get'].includes(name));
    expect(both[1]?.headers['keep-alive']).toBe('timeout=300');
  });

  it('takes the long way beside a setting that it does not know', () => {
    const config = parseServerConfig('{"models":[{"name":"echo","source":"echo"}]}');
    expect(mayServePlainly(config)).toBe(true);
    expect(mayServePlainly({ ...config, accessLog: true })).toBe(false);
    const guarded = { ...config, tokens: ['secret'] };
    expect(mayServePlainly(guarded)).toBe(false);
  });

  it('answers alike whatever is sent, in whatever pieces', async () => {
    const play = array(
      record({ name: constantFrom(...NAMES), cuts: array(integer({ min: 1, max: 400 }), { maxLength: 3 }) }),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    await assert(
      asyncProperty(play, integer({ min: 0, max: 1 }), async (requests, pipelined) => {
        const heard = await Promise.all(
          [plain, long].map(async ({ port }) => {
            const { socket, answers } = await open(port);
            const found: unknown[] = [];
            for (const { name, cuts } of requests) {
              await writeCut(socket, REQUESTS[name], cuts);
              if (pipelined === 0) found.push(said(await answers.next()));
            }
            if (pipelined === 1) for (const _ of requests) found.push(said(await answers.next()));
            socket.destroy();
            return found;
          }),
        );
        expect(heard[0]).toEqual(heard[1]);
        expect(heard[0]).toHaveLength(requests.length);
      }),
      { numRuns: 60 },
    );
  });

  it('a body in pieces stays on it, and so do the requests behind it', async () => {
    const { socket, answers } = await open(plain.port);
    for (let round = 0; round < 3; round++) {
      await writeCut(socket, REQUESTS.binary, [200, 230, 300]);
      const answer = await answers.next();
      expect(answer?.body).toContain('"id":"7"');
      expect(answer?.headers).not.toHaveProperty('keep-alive');
    }
    socket.destroy();
  });

  it('what is refused is refused at once, and the rest of it is no request', async () => {
    const heard = await Promise.all(
      [plain, long].map(async ({ port }) => {
        const { socket, answers } = await open(port);
        const found: unknown[] = [];
        for (const name of ['tooLarge', 'nobody'] as const) {
          const bytes = REQUESTS[name];
          socket.write(bytes.subarray(0, bytes.length - 10));
          found.push(said(await answers.next()));
          socket.write(bytes.subarray(bytes.length - 10));
        }
        socket.write(REQUESTS.json);
        found.push(said(await answers.next()));
        socket.destroy();
        return found;
      }),
    );
    expect(heard[0]).toEqual(heard[1]);
    expect(heard[0]).toMatchObject([{ status: 413 }, { status: 404 }, { status: 200 }]);
  });

  it('a caller that ends its side in the middle of a body is told so, and its request counted', async () => {
    const heard = await Promise.all(
      [plain, long].map(async ({ port, server }) => {
        const { socket, answers } = await open(port);
        const failed = () => server.models[0]?.statistics.failures.CANCELED ?? 0;
        const before = failed();
        socket.end(REQUESTS.binary.subarray(0, 200));
        const answer = said(await answers.next());
        await expect.poll(() => failed() - before).toBe(1);
        return answer;
      }),
    );
    expect(heard[0]).toEqual(heard[1]);
    expect(heard[0]).toMatchObject({ status: 400 });
  });

  it('a request that follows too early is answered after the one before it', async () => {
    const { socket, answers } = await open(plain.port);
    const release = plain.instances[0]?.hold();
    socket.write(REQUESTS.binary);
    await turn();
    socket.write(REQUESTS.get);
    socket.write(REQUESTS.json);
    await turn();
    release?.();
    const bodies = [await answers.next(), await answers.next(), await answers.next()].map((one) => one?.body);
    expect(bodies[0]).toContain('"id":"7"');
    expect(bodies[1]).toContain('ready');
    expect(bodies[2]).toContain('"data":[1,2,3]');
    socket.destroy();
  });

  it('a caller that goes away while it waits is dropped, and nobody else with it', async () => {
    const { socket } = await open(plain.port);
    const other = await open(plain.port);
    const model = plain.server.models[0];
    const before = model?.statistics.dropped.cancelled ?? 0;
    const batchesBefore = plain.instances[0]?.batches.length ?? 0;
    const release = plain.instances[0]?.hold();
    other.socket.write(REQUESTS.json);
    await expect.poll(() => plain.instances[0]?.batches.length).toBe(batchesBefore + 1);
    socket.write(REQUESTS.json);
    await expect.poll(() => model?.pending().requests).toBe(1);
    socket.destroy();
    // Until the server has seen it.
    await sleep(50);
    release?.();
    expect((await other.answers.next())?.status).toBe(200);
    await expect.poll(() => model?.statistics.dropped.cancelled).toBe(before + 1);
    other.socket.destroy();
  });

  it('tokens, limits and slow callers are as on the long way', async () => {
    process.env.PLAIN_TEST_TOKENS = 'alpha';
    const auth = { tokens: { env: 'PLAIN_TEST_TOKENS' } };
    const limits = { concurrent: 1, headersMs: 300, requestMs: 300 };
    for (const further of [{ auth }, { limits }]) {
      const both = [await start(false, further), await start(true, further)];
      const heard = await Promise.all(
        both.map(async ({ port, instances }) => {
          const [first, second, silent] = [await open(port), await open(port), await open(port)];
          const release = instances[0]?.hold();
          first.socket.write(REQUESTS.binary);
          await sleep(50);
          second.socket.write(REQUESTS.json);
          const refused = said(await second.answers.next());
          release?.();
          const answered = said(await first.answers.next());
          // Whoever says nothing is told that it took too long.
          const late = 'limits' in further ? said(await silent.answers.next()) : undefined;
          for (const { socket } of [first, second, silent]) socket.destroy();
          return { answered, refused, late };
        }),
      );
      for (const { server } of both) await server.stop();
      expect(heard[0]).toEqual(heard[1]);
      const statuses = [heard[0]?.answered.status, heard[0]?.refused.status, heard[0]?.late?.status];
      expect(statuses).toEqual('auth' in further ? [401, 401, undefined] : [200, 503, 408]);
    }
    delete process.env.PLAIN_TEST_TOKENS;
  });

  it('a server that ends answers what it has, and closes every connection', async () => {
    const ending = await start(false);
    const [waiting, idle] = [await open(ending.port), await open(ending.port)];
    idle.socket.write(REQUESTS.json);
    await idle.answers.next();
    const release = ending.instances[0]?.hold();
    waiting.socket.write(REQUESTS.binary);
    await expect.poll(() => ending.instances[0]?.batches.length).toBe(2);
    const stopped = ending.server.stop();
    await turn();
    release?.();
    expect((await waiting.answers.next())?.status).toBe(200);
    await stopped;
    expect([await waiting.answers.next(), await idle.answers.next()]).toEqual([undefined, undefined]);
  });
});

async function writeCut(socket: Socket, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const edges = [
    0,
    ...[...new Set(cuts)].sort((a, b) => a - b).filter((at) => at < bytes.length),
    bytes.length,
  ];
  for (let at = 1; at < edges.length; at++) {
    socket.write(bytes.subarray(edges[at - 1], edges[at]));
    await turn();
  }
}
