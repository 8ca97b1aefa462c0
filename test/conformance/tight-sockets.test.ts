import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { NativeLoop } from '../../harness/transports/native-loop.ts';
import type { Template } from '../../harness/transports/transport.ts';
import { type Answer, type Asked, answersOf, whyNotNative } from '../support/answers-of.ts';
import { makeCalls } from '../support/grpc-calls.ts';
import { type SendTally, tightCalls } from '../support/tight-calls.ts';

/* Sockets with room for a few kilobytes, and bodies of megabytes: each goes out in hundreds of pieces. */

const ROOM_BYTES = 4096;
const OWN_BYTES = 1000;
const WINDOW_BYTES = 2 ** 24;
const SHARED = Buffer.alloc(3 * 2 ** 20);
for (let at = 0; at < SHARED.length; at += 4) SHARED.writeUInt32LE(at, at);

const POST: Partial<Template> = {
  method: 'POST',
  own: Buffer.alloc(OWN_BYTES, 'o'),
  shared: SHARED,
  stamp: (buffer, at, index) => {
    buffer.writeUInt32BE(index, at);
  },
};

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** What the server must have received of such a request. */
function expectedHash(index: number): string {
  const own = Buffer.alloc(OWN_BYTES, 'o');
  own.writeUInt32BE(index);
  return createHash('sha256').update(own).update(SHARED).digest('hex');
}

/** Answers each request, when it has been read whole, with the hash of its body; `meet` sees each, and its connection's number. */
async function hashingServer(
  meet: (request: IncomingMessage, nth: number) => void = () => {},
): Promise<string> {
  const connections: Socket[] = [];
  const server = createHttpServer((request, response) => {
    const hash = createHash('sha256');
    request.on('error', () => {});
    request.on('data', (piece: Buffer) => hash.update(piece));
    request.on('end', () => response.end(hash.digest('hex')));
    meet(request, connections.indexOf(request.socket));
  });
  server.on('connection', (socket) => connections.push(socket));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return await portOf(server);
}

/** Answers each call with its own message, and lets all of it come at once. */
async function echoingGrpcServer(): Promise<string> {
  const server = createHttp2Server({ settings: { initialWindowSize: WINDOW_BYTES } });
  server.on('session', (session) => {
    session.setLocalWindowSize(WINDOW_BYTES);
    stops.push(() => session.destroy());
  });
  server.on('stream', (stream) => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  stops.push(() => server.close());
  return (await portOf(server)).replace('http', 'grpc');
}

/** `serve` gets each connection, and which it is. */
async function byteServer(serve: (socket: Socket, nth: number) => void): Promise<string> {
  const open: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket, open.push(socket) - 1);
  });
  stops.push(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return await portOf(server);
}

function portOf(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

async function ask(
  asked: Omit<Asked, 'sockets' | 'calls'>,
): Promise<{ answers: Answer[]; opened: number; tally: SendTally }> {
  const { calls, tally } = tightCalls(ROOM_BYTES);
  return { ...(await answersOf({ ...asked, sockets: 'native', calls })), tally };
}

const REQUEST_BYTES = OWN_BYTES + SHARED.length;
const ok = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

describe.skipIf(whyNotNative() !== undefined)('sockets with room for little', () => {
  it('deliver every byte of every body, over connections that are used again', async () => {
    const url = await hashingServer();
    const requests = Array.from({ length: 6 }, () => POST);
    const { answers, opened, tally } = await ask({ url, requests, connections: 3 });
    expect(opened).toBe(3);
    for (const [index, { outcome, body }] of answers.entries())
      expect([outcome, body.toString()]).toEqual(['complete', expectedHash(index)]);
    expect(tally.partial).toBeGreaterThan(6 * 10);
  });

  it('wait for a server that stops reading, while others are served', async () => {
    const order: number[] = [];
    let goOn = (): void => {};
    const url = await hashingServer((request, nth) => {
      if (nth === 0) {
        request.once('data', () => request.pause());
        goOn = () => request.resume();
      }
      request.on('end', () => {
        order.push(nth);
        if (order.length === 2) goOn();
      });
    });
    const { answers, tally } = await ask({ url, requests: [POST, POST, POST], connections: 2 });
    for (const [index, { outcome, body }] of answers.entries())
      expect([outcome, body.toString()]).toEqual(['complete', expectedHash(index)]);
    expect(order).toEqual([1, 1, 0]);
    expect(tally.partial).toBeGreaterThan(10);
  });

  it('time out in the middle of a body, and what waited for the connection with it', async () => {
    const url = await hashingServer((request) => request.pause());
    const { answers, tally } = await ask({ url, requests: [POST, POST], connections: 1, timeoutMs: 1000 });
    expect(answers.map(({ outcome, sent }) => [outcome, sent])).toEqual([
      ['timeout', true],
      ['timeout', false],
    ]);
    expect(tally.partial).toBeGreaterThan(0);
  });

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', (socket: Socket) => socket.destroy()],
  ])('see that the server %s in the middle of a body', async (_, end) => {
    const url = await hashingServer((request, nth) => {
      if (nth === 0) request.once('data', () => end(request.socket));
    });
    const { answers, opened } = await ask({ url, requests: [POST, POST], connections: 1 });
    expect(answers.map(({ outcome, sent }) => [outcome, sent])).toEqual([
      ['reset', true],
      ['complete', true],
    ]);
    expect(answers[1]?.body.toString()).toBe(expectedHash(1));
    expect(opened).toBe(2);
  });

  it('take an answer that comes in the middle of a body, and send nothing more on that connection', async () => {
    const received: number[] = [0, 0];
    const url = await byteServer((socket, nth) => {
      socket.once('data', () => socket.write(ok('no thanks')));
      socket.on('data', (piece: Buffer) => {
        received[nth] = (received[nth] ?? 0) + piece.length;
        socket.pause();
        setTimeout(() => socket.resume(), 5);
      });
    });
    const { answers, opened } = await ask({ url, requests: [POST, POST], connections: 1 });
    expect(answers.map(({ body }) => body.toString())).toEqual(['no thanks', 'no thanks']);
    expect(opened).toBe(2);
    for (const bytes of received) expect(bytes).toBeLessThan(REQUEST_BYTES);
  });

  it('carry gRPC: large messages in pieces, among small ones', async () => {
    const url = await echoingGrpcServer();
    const { calls, tally } = tightCalls(ROOM_BYTES);
    const loop = new NativeLoop({ calls, now: () => performance.now(), turnMs: 1 });
    stops.push(() => loop.close());
    const plan = { path: '/test.Test/Echo', sockets: loop, connections: 2 };
    const large = await makeCalls(url, { ...plan, calls: 8, inFlight: 4, shared: SHARED });
    expect(large).toMatchObject({ outcomes: { ok: 8 }, items: 8, wrong: 0, outOfOrder: 0 });
    expect(tally.partial).toBeGreaterThan(8 * 10);
    const small = await makeCalls(url, { ...plan, calls: 400, inFlight: 200 });
    expect(small).toMatchObject({ outcomes: { ok: 400 }, items: 400, wrong: 0, outOfOrder: 0 });
  });
});
