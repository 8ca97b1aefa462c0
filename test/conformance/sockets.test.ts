import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answersOf, SOCKET_KINDS, whyNotNative } from '../support/answers-of.ts';

/** Both ways of driving sockets do the same: same faults, same events, same counts. */

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server of bytes: `serve` gets each connection. Gives its URL. */
function listen(
  serve: (socket: Socket) => void,
  where: { host?: string; path?: string } = {},
): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  stops.push(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return new Promise((resolve) => {
    server.listen(where.path === undefined ? { host: where.host ?? '127.0.0.1', port: 0 } : where, () => {
      const address = server.address();
      if (typeof address === 'string' || address === null) resolve(`unix:${address}`);
      else resolve(`http://${where.host === '::1' ? '[::1]' : '127.0.0.1'}:${address.port}`);
    });
  });
}

function listenHttp(listener: RequestListener): Promise<string> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, listener);
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const answerEach = (bytes: string) => (socket: Socket) => {
  socket.on('data', () => socket.write(bytes));
};
const many = (count: number) => Array.from({ length: count }, () => ({}));
const noIpv6 = !existsSync('/proc/net/if_inet6');

describe.each(SOCKET_KINDS)('%s sockets', (sockets) => {
  const missing = sockets === 'native' ? whyNotNative() : undefined;
  const asked = { sockets, requests: [{}] };
  const them = it.skipIf(missing !== undefined);

  them('carry requests over few connections, each answered once', async () => {
    const url = await listen(answerEach(OK));
    const { answers, opened } = await answersOf({ ...asked, url, requests: many(500), connections: 8 });
    expect(opened).toBe(8);
    for (const { outcome, status, body } of answers) {
      expect([outcome, status, body.toString()]).toEqual(['complete', 200, 'ok']);
    }
  });

  them('reach a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockets-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const url = await listen(answerEach(OK), { path: join(folder, 'server.sock') });
    const { answers } = await answersOf({ ...asked, url, requests: many(50), connections: 4 });
    expect(answers.map(({ outcome }) => outcome)).toEqual(Array(50).fill('complete'));
  });

  it.skipIf(missing !== undefined || noIpv6)('reach an IPv6 address', async () => {
    const url = await listen(answerEach(OK), { host: '::1' });
    expect((await answersOf({ ...asked, url })).answers[0]?.outcome).toBe('complete');
  });

  them.each([
    ['nobody listens', 'http://127.0.0.1:1'],
    ['no such socket', 'unix:/nowhere/server.sock'],
    ['a name that nobody has', 'http://nobody.invalid:80'],
  ])('say connect-error: %s', async (_, url) => {
    const { answers } = await answersOf({ ...asked, url, requests: many(3) });
    expect(answers.map(({ outcome, sent }) => [outcome, sent])).toEqual(
      Array(3).fill(['connect-error', false]),
    );
  });

  them.each([
    ['closes without a word', (socket: Socket) => socket.once('data', () => socket.end()), 'reset'],
    ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()), 'reset'],
    [
      'ends in the middle',
      (socket: Socket) => socket.once('data', () => socket.end(OK.slice(0, -1))),
      'truncated',
    ],
    [
      'resets in the middle',
      (socket: Socket) =>
        socket.once('data', () =>
          socket.write(OK.slice(0, -1), () => setTimeout(() => socket.resetAndDestroy(), 20)),
        ),
      'truncated',
    ],
    [
      'sends garbage',
      (socket: Socket) => socket.once('data', () => socket.write('BANANA\r\n\r\n')),
      'malformed',
    ],
    ['never answers', () => {}, 'timeout'],
    [
      'ends an answer without a length',
      (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall')),
      'complete',
    ],
  ] as const)('tell what a server does that %s', async (_, serve, outcome) => {
    const url = await listen((socket) => void serve(socket));
    const { answers } = await answersOf({ ...asked, url, timeoutMs: outcome === 'timeout' ? 100 : 20_000 });
    expect(answers[0]?.outcome).toBe(outcome);
  });

  them('do not wait for a connection for ever', async () => {
    const url = await listen(() => {});
    const { answers } = await answersOf({ ...asked, url, requests: many(3), connections: 1, timeoutMs: 150 });
    expect(answers.map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout', 'timeout']);
    expect(answers.filter(({ sent }) => sent).length).toBeLessThan(3);
  });

  them('open a connection for each request where that is asked for', async () => {
    let connections = 0;
    const closing: string[] = [];
    const url = await listenHttp((request, response) => {
      closing.push(request.headers.connection ?? '');
      response.end('ok');
    });
    const counting = await listen((socket) => {
      connections += 1;
      answerEach(OK)(socket);
    });
    const once = { ...asked, requests: many(40), connections: 4, keepAlive: false };
    expect((await answersOf({ ...once, url })).answers.map(({ outcome }) => outcome)).toEqual(
      Array(40).fill('complete'),
    );
    expect(closing).toEqual(Array(40).fill('close'));
    expect((await answersOf({ ...once, url: counting })).opened).toBe(40);
    expect(connections).toBe(40);
    const refused = await answersOf({ ...once, url: 'http://127.0.0.1:1' });
    expect(new Set(refused.answers.map(({ outcome }) => outcome))).toEqual(new Set(['connect-error']));
  });

  them('send and read megabytes, although the server reads slowly', async () => {
    const own = Buffer.alloc(1000, 'o');
    const shared = Buffer.alloc(6 * 2 ** 20);
    for (let at = 0; at < shared.length; at += 4) shared.writeUInt32LE(at, at);
    const received: string[] = [];
    const url = await listenHttp((request, response) => {
      const hash = createHash('sha256');
      request.on('data', (piece: Buffer) => {
        hash.update(piece);
        request.pause();
        setImmediate(() => request.resume());
      });
      request.on('end', () => {
        received.push(hash.digest('hex'));
        response.write(shared.subarray(0, 2 ** 20));
        response.addTrailers({ 'X-Done': 'yes' });
        response.end(shared.subarray(2 ** 20));
      });
    });
    const stamp = (buffer: Buffer, at: number, index: number): void => {
      buffer.writeUInt32BE(index, at);
    };
    const request = { method: 'POST', own, shared, stamp };
    const { answers } = await answersOf({
      ...asked,
      url,
      requests: [request, request, request],
      connections: 2,
    });
    for (const { outcome, body } of answers)
      expect([outcome, body.equals(shared)]).toEqual(['complete', true]);
  });

  them(
    'take an answer that comes before the request was wholly sent, and give the connection up',
    async () => {
      let connections = 0;
      const url = await listen((socket) => {
        connections += 1;
        socket.once('data', () => {
          socket.pause();
          socket.write(OK);
        });
      });
      const request = { method: 'POST', shared: Buffer.alloc(16 * 2 ** 20) };
      const { answers } = await answersOf({ ...asked, url, requests: [request, request], connections: 1 });
      expect(answers.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
      expect(connections).toBe(2);
    },
  );
});
