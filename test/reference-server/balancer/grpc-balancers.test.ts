import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Balancer, balancerConfig } from '../../../reference-server/balancer/balancer.ts';
import { startHaproxy } from '../../../reference-server/balancer/haproxy.ts';
import { startNginx } from '../../../reference-server/balancer/nginx.ts';
import { startOwnBalancer } from '../../../reference-server/balancer/own-balancer.ts';
import { PATIENT, without } from './upstreams.ts';

const KINDS = [
  { kind: 'inferometer', start: startOwnBalancer, missing: undefined },
  { kind: 'haproxy', start: startHaproxy, missing: without('haproxy') },
  { kind: 'nginx', start: startNginx, missing: without('nginx') },
] as const;

/** A replica that answers a call with its messages, and says in its trailers who it is. */
class Service {
  readonly name: string;
  readonly #server: Http2Server = createServer();
  readonly #sessions = new Set<{ destroy(): void }>();
  calls = 0;
  silent = false;

  constructor(name: string) {
    this.name = name;
    this.#server.on('session', (session) => this.#sessions.add(session));
    this.#server.on('stream', (stream) => {
      this.calls += 1;
      stream.on('error', () => {});
      if (this.silent) return;
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-replica': this.name }));
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.end(Buffer.concat(chunks));
      });
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get address() {
    return { name: this.name, url: `grpc://127.0.0.1:${(this.#server.address() as AddressInfo).port}` };
  }

  die(): void {
    this.#server.close();
    for (const session of this.#sessions) session.destroy();
  }
}

interface Called {
  readonly status: string | undefined;
  readonly replica: string | undefined;
  readonly body: Buffer;
}

function call(client: ClientHttp2Session, body: Buffer): Promise<Called> {
  return new Promise((resolve) => {
    const headers = {
      ':method': 'POST',
      ':path': '/test.Test/Echo',
      te: 'trailers',
      'content-type': 'application/grpc',
    };
    const stream = client.request(headers);
    const chunks: Buffer[] = [];
    let end: Record<string, unknown> = {};
    stream.on('error', () => {});
    stream.on('response', (head) => {
      if (head['grpc-status'] !== undefined) end = head;
    });
    stream.on('trailers', (trailers) => {
      end = trailers;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => {
      const [status, replica] = [end['grpc-status'], end['x-replica']].map((value) =>
        value === undefined ? undefined : String(value),
      );
      resolve({ status, replica, body: Buffer.concat(chunks) });
    });
    stream.end(body);
  });
}

describe.each(KINDS)('gRPC through $kind', ({ kind, start, missing }) => {
  describe.skipIf(missing !== undefined)(missing ?? 'call by call', () => {
    let balancer: Balancer;
    let client: ClientHttp2Session;
    let services: Service[] = [];

    beforeEach(async () => {
      services = await Promise.all([new Service('a').start(), new Service('b').start()]);
      const replicas = services.map(({ address }) => address);
      const config = { kind, policy: 'roundRobin', speaks: 'grpc', replicas, atMost: 4 };
      balancer = await start(balancerConfig.parse(config));
      for (const replica of replicas) await balancer.add(replica);
      open();
    });
    /** As gRPC's clients do, another connection where the server says that it goes away. */
    const open = (): void => {
      client = connect(balancer.url.replace('grpc:', 'http:'));
      client.on('error', () => {}).on('goaway', open);
    };
    afterEach(async () => {
      client.destroy();
      await balancer.stop();
      for (const service of services) service.die();
    });

    test('calls of one connection go to every replica, messages and trailers come back whole', async () => {
      const bodies = [1, 100, 70_000, 1_000_000, 5, 6, 7, 8].map((size) => Buffer.alloc(size, size % 251));
      const called = await Promise.all(bodies.map((body) => call(client, body)));
      expect(called.map(({ status }) => status)).toEqual(bodies.map(() => '0'));
      expect(called.every(({ body }, index) => body.equals(bodies[index] ?? Buffer.alloc(0)))).toBe(true);
      expect(new Set(called.map(({ replica }) => replica))).toEqual(new Set(['a', 'b']));
      expect((await balancer.status()).arrivals).toBe(bodies.length);
    });

    test('a replica is replaced under calls, and none is lost', async () => {
      let ending = false;
      const ends: (string | undefined)[] = [];
      const caller = async (): Promise<void> => {
        while (!ending) ends.push((await call(client, Buffer.from('x'))).status);
      };
      const callers = Promise.all([caller(), caller(), caller(), caller()]);
      const [a] = services;
      await expect.poll(() => a?.calls, PATIENT).toBeGreaterThan(10);
      const c = await new Service('c').start();
      services.push(c);
      await balancer.add(c.address);
      expect(await balancer.remove('a', 5000)).toBe(true);
      const callsToA = a?.calls;
      await expect.poll(() => c.calls, PATIENT).toBeGreaterThan(10);
      ending = true;
      await callers;
      expect(a?.calls).toBe(callsToA);
      // nginx's old worker may not have seen a call that was on its way: such a one is safe to make again.
      const kept = kind === 'nginx' ? ['0', undefined] : ['0'];
      expect(ends.filter((end) => !kept.includes(end))).toEqual([]);
    });
  });
});

test('a call whose replica dies ends as UNAVAILABLE, the next goes to the one that is left', async () => {
  const [a, b] = [await new Service('a').start(), await new Service('b').start()];
  a.silent = true;
  const config = balancerConfig.parse({ policy: 'roundRobin', speaks: 'grpc' });
  const balancer = await startOwnBalancer(config);
  await balancer.add(a.address);
  await balancer.add(b.address);
  const client = connect(balancer.url.replace('grpc:', 'http:'));
  const hanging = call(client, Buffer.from('1'));
  await expect.poll(() => a.calls, PATIENT).toBe(1);
  a.die();
  expect((await hanging).status).toBe('14');
  const next = [await call(client, Buffer.from('2')), await call(client, Buffer.from('3'))];
  expect(next.map(({ status, replica }) => [status, replica])).toEqual([
    ['0', 'b'],
    ['0', 'b'],
  ]);
  b.die();
  expect((await call(client, Buffer.from('4'))).status).toBe('14');
  const cancelled = client.request({ ':method': 'POST', ':path': '/x' });
  cancelled.on('error', () => {});
  cancelled.close(constants.NGHTTP2_CANCEL);
  await once(cancelled, 'close');
  const { outcomes, arrivals } = await balancer.status();
  expect(outcomes).toMatchObject({ answered: 2, failed: 1, refused: expect.any(Number) });
  const {
    answered,
    failed,
    refused,
    cancelled: gone,
  } = outcomes ?? { answered: 0, failed: 0, refused: 0, cancelled: 0 };
  expect(answered + failed + refused + gone).toBe(arrivals);
  client.destroy();
  await balancer.stop();
});
