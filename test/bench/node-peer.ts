import { readFileSync } from 'node:fs';
import { Agent, request as nodeRequest } from 'node:http';
import { createRequire } from 'node:module';
import type { NodePeerTask } from './node-peer-task.ts';

/** One request from its sending to its last byte; rejects, or answers false, when it was not answered well. */
type Ask = () => Promise<boolean>;

/** `node node-peer.js '<NodePeerTask>'`: keeps so many requests in flight for so long; its counts on one line. */
const task = JSON.parse(process.argv[2] ?? '{}') as NodePeerTask;
const { exchange } = task;
const body = exchange.bodyFile === undefined ? undefined : readFileSync(exchange.bodyFile);
const headers = body === undefined ? {} : { 'content-type': 'application/octet-stream' };
let ok = 0;
let failed = 0;

await run();
console.log(JSON.stringify({ ok, failed }));
process.exit(0);

async function run(): Promise<void> {
  if (task.name === 'autocannon') await runAutocannon();
  else if (task.name === 'undici') await keepAsking(await undiciPool());
  else if (task.name === 'node:http') await keepAsking(nodeHttp());
  else {
    const { grpcAsk } = await import('./grpc-peers.ts');
    await keepAsking(await grpcAsk(task, body ?? Buffer.alloc(0)));
  }
}

/** The peers' closed loop: as many loops as requests in flight. */
async function keepAsking(ask: Ask): Promise<void> {
  const endMs = performance.now() + task.seconds * 1000;
  const loop = async (): Promise<void> => {
    while (performance.now() < endMs) {
      if (await ask().catch(() => false)) ok += 1;
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: exchange.connections * exchange.streams }, loop));
}

async function undiciPool(): Promise<Ask> {
  const { Pool } = await import('undici');
  const pool = new Pool(task.url, { connections: exchange.connections, pipelining: 1 });
  const options = { method: exchange.method, path: exchange.path, headers, body: body ?? null };
  return async () => {
    const { statusCode, body: answer } = await pool.request(options);
    await answer.dump({ limit: Number.MAX_SAFE_INTEGER });
    return statusCode === 200;
  };
}

function nodeHttp(): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: exchange.connections });
  const url = new URL(exchange.path, task.url);
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const options = { method: exchange.method, agent, headers: { ...headers, ...length } };
  return () =>
    new Promise((resolve, reject) => {
      const request = nodeRequest(url, options, (response) => {
        response.on('end', () => resolve(response.statusCode === 200)).resume();
      });
      request.on('error', reject);
      request.end(body);
    });
}

interface AutocannonResult {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
}

async function runAutocannon(): Promise<void> {
  // It comes without types.
  const autocannon = createRequire(import.meta.url)('autocannon') as (
    options: Readonly<Record<string, unknown>>,
  ) => Promise<AutocannonResult>;
  const result = await autocannon({
    url: `${task.url}${exchange.path}`,
    connections: exchange.connections,
    pipelining: 1,
    duration: task.seconds,
    method: exchange.method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  ok = result['2xx'];
  failed = result.non2xx + result.errors + result.timeouts;
}
