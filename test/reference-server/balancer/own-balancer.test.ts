import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Balancer, balancerConfig } from '../../../reference-server/balancer/balancer.ts';
import { startOwnBalancer } from '../../../reference-server/balancer/own-balancer.ts';
import { Client, PATIENT, Upstream } from './upstreams.ts';

let balancer: Balancer;
let client: Client;
const upstreams: Upstream[] = [];

async function stand(policy: string, names: readonly string[]): Promise<void> {
  balancer = await startOwnBalancer(balancerConfig.parse({ policy }));
  for (const name of names) {
    const upstream = await Upstream.start(name);
    upstreams.push(upstream);
    await balancer.add({ name, url: upstream.url });
  }
  client = new Client(balancer.url);
}
const at = (index: number): Upstream => upstreams[index] ?? expect.fail(`no upstream ${index}`);

beforeEach(() => {
  upstreams.length = 0;
});
afterEach(async () => {
  client.close();
  await balancer.stop();
  for (const upstream of upstreams) upstream.die();
});

const BODY = Buffer.from('body');

test('without a replica that takes it a request is refused with 503 and when to come again', async () => {
  await stand('roundRobin', []);
  const { status, headers, body } = await client.post('1', BODY);
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  expect(JSON.parse(body.toString())).toEqual({ error: 'no replica takes requests' });
  expect(await balancer.status()).toMatchObject({
    arrivals: 1,
    outcomes: { answered: 0, failed: 0, refused: 1, cancelled: 0 },
  });
});

test('one that does not accept connections costs nobody a request, and gets some again when it is back', async () => {
  await stand('roundRobin', ['a', 'b']);
  at(0).die();
  const said = await Promise.all(Array.from({ length: 10 }, (_, id) => client.post(`${id}`, BODY)));
  expect(said.map(({ status }) => status)).toEqual(Array(10).fill(200));
  const { replicas, outcomes } = await balancer.status();
  expect(replicas.map(({ state, forwarded, inFlight }) => [state, forwarded, inFlight])).toEqual([
    ['down', 0, 0],
    ['up', 10, 0],
  ]);
  expect(outcomes?.answered).toBe(10);
});

test('least in flight leaves a replica alone that is stuck', async () => {
  await stand('leastInFlight', ['a', 'b']);
  at(0).holds = true;
  const stuck = client.post('stuck', BODY);
  await expect.poll(() => at(0).held.length, PATIENT).toBe(1);
  for (let id = 0; id < 10; id++) expect((await client.post(`${id}`, BODY)).headers['x-replica']).toBe('b');
  at(0).letGo();
  expect((await stuck).status).toBe(200);
});

test('a client that goes away takes its request along, and is counted', async () => {
  await stand('roundRobin', ['a']);
  at(0).holds = true;
  const { port } = new URL(balancer.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write('POST /x HTTP/1.1\r\nhost: x\r\nx-id: 1\r\ncontent-length: 2\r\n\r\nab');
  await expect.poll(() => at(0).held.length, PATIENT).toBe(1);
  socket.destroy();
  await expect.poll(() => at(0).abandoned, PATIENT).toBe(1);
  const { arrivals, outcomes, replicas } = await balancer.status();
  expect([arrivals, outcomes?.cancelled, replicas[0]?.inFlight]).toEqual([1, 1, 0]);
});

test('an answer that breaks off is broken off for the client too: what it has is not the whole', async () => {
  await stand('roundRobin', []);
  const { createServer } = await import('node:net');
  const half = createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => {
    half.listen(0, '127.0.0.1', resolve);
  });
  await balancer.add({ name: 'half', url: `http://127.0.0.1:${(half.address() as { port: number }).port}` });
  expect((await client.post('1', BODY)).status).toBe(0);
  expect((await balancer.status()).outcomes).toEqual({ answered: 0, failed: 1, refused: 0, cancelled: 0 });
  half.close();
});

test('headers of the connection end here, all others pass in their order and writing', async () => {
  await stand('roundRobin', ['a']);
  const headers = {
    'X-Mine': 'kept',
    'keep-alive': 'timeout=5',
    connection: 'keep-alive, x-hop',
    'x-hop': 'gone',
  };
  const { headers: answered } = await client.post('1', BODY, headers);
  const got = JSON.parse(String(answered['x-got'])) as string[];
  const names = got.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  expect(got).toContain('X-Mine');
  expect(names).not.toContain('keep-alive');
  expect(names).not.toContain('x-hop');
  expect(names.filter((name) => name === 'content-length')).toHaveLength(1);
});
