import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { until } from '../support/until.ts';
import { type EchoServer, echoBody, echoMessage, startEchoServer } from './echo-server.ts';
import { GrpcClient } from './grpc-client.ts';

let echo: EchoServer | undefined;
let grpc: GrpcClient | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  grpc?.close();
  await echo?.server.stop();
  [echo, grpc] = [undefined, undefined];
  vi.unstubAllEnvs();
});

async function start(settings: object) {
  echo = await startEchoServer(settings);
  grpc = new GrpcClient(echo.grpcUrl);
  return { ...echo, grpc };
}

const infer = (url: string, token = '') =>
  fetch(`${url}/v2/models/echo/infer`, {
    method: 'POST',
    body: echoBody(1, 2, 3),
    headers: { Authorization: `Bearer ${token}` },
  });

async function refusals(url: string): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const lines = page.matchAll(/^inferometer_refused_total\{reason="([\w-]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, reason, count]) => [reason, Number(count)]));
}

/** A connection on which this is written; everything that comes back until the server closes it. */
async function said(url: string, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = openTo(url);
  let text = '';
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  for (const piece of pieces) socket.write(piece);
  await once(socket, 'close');
  return text;
}

function openTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

describe('requests at a time', () => {
  test('beyond what all may have: 503 and when to come again, at both doors, and counted', async () => {
    const {
      url,
      instance,
      statistics,
      grpc: client,
    } = await start({
      limits: { concurrent: 2, retryAfterMs: 2500 },
      batching: { maxRows: 1 },
    });
    const release = instance.hold();
    const first = infer(url);
    const second = client.call('ModelInfer', echoMessage(4, 5, 6));
    await until(() => statistics.arrivals === 2);
    const third = await infer(url);
    expect([third.status, third.headers.get('Retry-After')]).toEqual([503, '3']);
    expect(await third.json()).toEqual({ error: 'at most 2 requests at a time' });
    const fourth: ServiceError = await client
      .call('ModelInfer', echoMessage(7, 8, 9))
      .catch((error) => error);
    expect([fourth.code, fourth.metadata.get('grpc-retry-pushback-ms')]).toEqual([14, ['2500']]);
    release();
    expect((await first).status).toBe(200);
    await second;
    expect((await infer(url)).status).toBe(200);
    const { arrivals, success, failures } = statistics;
    expect([arrivals, success.count, failures.REJECTED]).toEqual([5, 3, 2]);
    expect(await refusals(url)).toMatchObject({ 'too-many': 2, 'too-many-of-caller': 0 });
  });

  test('beyond what one caller may have: 429, and the others go on', async () => {
    vi.stubEnv('OPS_TOKENS', 'alpha\nbeta');
    const {
      url,
      instance,
      statistics,
      grpc: client,
    } = await start({
      limits: { concurrentPerCaller: 1 },
      auth: { tokens: { env: 'OPS_TOKENS' } },
      batching: { maxRows: 1 },
    });
    const release = instance.hold();
    const first = infer(url, 'alpha');
    await until(() => statistics.arrivals === 1);
    const again = await infer(url, 'alpha');
    expect([again.status, again.headers.get('Retry-After')]).toEqual([429, '1']);
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer alpha');
    expect((await client.refusal('ModelInfer', echoMessage(1, 2, 3), {}, metadata)).code).toBe(8);
    const other = infer(url, 'beta');
    await until(() => statistics.arrivals === 4);
    release();
    expect([(await first).status, (await other).status]).toEqual([200, 200]);
    expect((await infer(url, 'alpha')).status).toBe(200);
  });
});

describe('what a caller may send', () => {
  test('headers beyond their limit: 431, or the call is refused; the others go on', async () => {
    const { url, grpc: client } = await start({ limits: { headerBytes: 4096 } });
    const long = 'x'.repeat(5000);
    const answer = await said(url, `GET /v2 HTTP/1.1\r\nHost: a\r\nX-Long: ${long}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 [\s\S]*\{"error":"the headers are larger than is allowed"\}$/);
    const metadata = new Metadata();
    metadata.set('x-long', long);
    const error = await client.refusal('ServerMetadata', {}, {}, metadata);
    expect(error.code).not.toBe(0);
    expect((await client.call('ServerMetadata', {})).name).toBe('inferometer');
    expect((await infer(url)).status).toBe(200);
    expect(await refusals(url)).toMatchObject({ headers: 1 });
  });

  test('connections beyond their limit are closed', async () => {
    const { url, grpcUrl } = await start({ limits: { connections: 2 } });
    const held = [openTo(grpcUrl), openTo(grpcUrl)];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect(await said(grpcUrl)).toBe('');
    expect(await refusals(url)).toMatchObject({ connections: 1 });
  });
});

describe('callers that are too slow', () => {
  const limits = { headersMs: 500, requestMs: 700, answerMs: 700 };
  const head = 'POST /v2/models/echo/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n';

  test('to send: each is told, its request counted, and its connection closed', async () => {
    const { url, grpcUrl, statistics, grpc: client } = await start({ limits });
    const half = Buffer.concat([Buffer.of(0, 0, 0, 1, 0), Buffer.alloc(100)]);
    const stream = client.stream('ModelStreamInfer');
    const streamed = once(stream, 'data');
    stream.write(echoMessage(1, 2, 3));
    const [none, headers, body, silent, unary] = await Promise.all([
      said(url),
      said(url, head),
      said(url, `${head}\r\n{"inputs"`),
      said(grpcUrl),
      halfSent(grpcUrl, '/inference.GRPCInferenceService/ModelInfer', half),
      halfSent(grpcUrl, '/inference.GRPCInferenceService/ModelStreamInfer', half),
    ]);
    for (const answer of [none, headers, body]) {
      expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*\{"error":"the request was not whole in time"\}$/);
    }
    expect(silent).not.toContain('HTTP');
    expect(unary).toBe('4');
    // A stream that has nothing to say for the moment is not slow.
    await streamed;
    stream.write(echoMessage(4, 5, 6));
    await once(stream, 'data');
    stream.end();
    await until(() => statistics.fail.count === 1);
    const { arrivals, success, failures } = statistics;
    expect([arrivals, success.count, failures.CANCELED]).toEqual([3, 2, 1]);
    expect(await refusals(url)).toMatchObject({ 'slow-request': 6 });
  });

  test('to read: their connection, or their call, is ended, and no shutdown waits for them', async () => {
    const { url, grpcUrl, statistics } = await start({ limits, drainMs: 600_000 });
    const socket = openTo(url).pause();
    socket.write('GET /v2/models/echo/stats HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(6000));
    const session = connectHttp2(grpcUrl.replace('grpc', 'http'), { settings: { initialWindowSize: 0 } });
    const headers = { ':path': '/inference.GRPCInferenceService/ServerMetadata', ':method': 'POST' };
    const call = session.request({ ...headers, 'content-type': 'application/grpc', te: 'trailers' });
    call.on('error', () => {});
    call.end(Buffer.alloc(5));
    await once(call, 'close');
    await until(async () => (await refusals(url))['slow-reader'] === 2);
    session.close();
    expect((await infer(url)).status).toBe(200);
    expect(statistics.success.count).toBe(1);
  });

  /** A call whose message does not come whole; the status that it ends with. */
  async function halfSent(url: string, path: string, bytes: Buffer): Promise<unknown> {
    const session = connectHttp2(url.replace('grpc', 'http'));
    const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    stream.write(bytes);
    const [headers] = await once(stream, 'response');
    stream.destroy();
    session.close();
    return headers['grpc-status'];
  }
});

test('a shutdown whose time is over refuses what waits, and gives what runs its answer if that comes soon', async () => {
  const {
    server,
    url,
    instance,
    statistics,
    grpc: client,
  } = await start({
    batching: { maxRows: 1 },
    drainMs: 100,
  });
  const release = instance.hold();
  const running = infer(url);
  await until(() => instance.batches.length === 1);
  const waiting = infer(url);
  const called = client.refusal('ModelInfer', echoMessage(1, 2, 3));
  await until(() => statistics.arrivals === 3);
  const stopped = server.stop();
  const refused = await waiting;
  expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '1']);
  expect((await called).code).toBe(14);
  release();
  expect((await running).status).toBe(200);
  await stopped;
  const { arrivals, success, fail } = statistics;
  expect([arrivals, success.count, fail.count]).toEqual([3, 1, 2]);
  echo = undefined;
});
