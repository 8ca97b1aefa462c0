import { afterEach, describe, expect, test } from 'vitest';
import type { ReferenceServer } from '../../reference-server/server.ts';
import { startEchoServer } from './echo-server.ts';
import { GrpcClient } from './grpc-client.ts';

let server: ReferenceServer | undefined;
let client: GrpcClient;
let url = '';

/** Two versions of one model on real sockets in this process, of which the first runs. */
async function start(model: object = {}, settings: object = {}): Promise<void> {
  const versions = { otherVersions: { 2: 'new' }, versions: { specific: [1] }, defaultVersion: '1' };
  const models = [{ name: 'echo', source: 'old', ...versions, ...model }];
  const repository = { mode: 'explicit' };
  const started = await startEchoServer({ models, repository, ...settings });
  ({ server, url } = started);
  client = new GrpcClient(started.grpcUrl);
}

afterEach(async () => {
  client?.close();
  await server?.stop();
  server = undefined;
});

async function ask(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

const INPUT = { name: 'x', datatype: 'FP32', shape: [1, 3] };

async function versionOver(door: 'REST' | 'gRPC', key?: string): Promise<string> {
  if (door === 'REST') {
    const headers: Record<string, string> = key === undefined ? {} : { 'Routing-Key': key };
    const infer = await ask('/v2/models/echo/infer', { inputs: [{ ...INPUT, data: [1, 2, 3] }] }, headers);
    return infer.status === 200 ? infer.json.model_version : String(infer.status);
  }
  const answer = await client.call('ModelInfer', {
    model_name: 'echo',
    inputs: [{ ...INPUT, contents: { fp32_contents: [1, 2, 3] } }],
    parameters: key === undefined ? {} : { routing_key: { string_param: key } },
  });
  return answer.model_version;
}

async function countsOver(door: 'REST' | 'gRPC', requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < requests; n++) {
    const version = await versionOver(door);
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}

const load = (...versions: number[]) =>
  ask('/v2/repository/models/echo/load', {
    parameters: { config: JSON.stringify({ version_policy: { specific: { versions } } }) },
  });

const route = (routing: object) => ask('/v2/models/echo/routing', routing);

async function counters() {
  const { model_stats } = (await (await fetch(`${url}/v2/models/echo/stats`)).json()) as {
    model_stats: {
      version: string;
      inference_stats: { success: { count: number }; fail: { count: number } };
      inferometer: { arrivals: number; shadow: object };
    }[];
  };
  return model_stats;
}

describe('versions side by side', () => {
  test('the default serves alone until a split says otherwise', async () => {
    await start();
    expect(await load(1, 2)).toEqual({ status: 200, json: undefined });
    expect(await countsOver('REST', 10)).toEqual({ 1: 10 });
    expect(await route({ split: { 1: 90, 2: 10 } })).toEqual({
      status: 200,
      json: { split: { 1: 90, 2: 10 } },
    });
    for (const door of ['REST', 'gRPC'] as const) {
      const { 2: canary } = await countsOver(door, 50);
      expect(Math.abs(Number(canary) - 5)).toBeLessThanOrEqual(2);
    }
    expect((await ask('/v2/models/echo/versions/2/infer', {})).status).toBe(400);
    await route({ split: null });
    expect(await countsOver('gRPC', 10)).toEqual({ 1: 10 });
  });

  test('a key gets the same version over both doors', async () => {
    await start({ versions: 'all', routing: { split: { 1: 1, 2: 1 } } });
    const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`);
    const rest = await Promise.all(keys.map((key) => versionOver('REST', key)));
    expect(await Promise.all(keys.map((key) => versionOver('gRPC', key)))).toEqual(rest);
    expect(new Set(rest)).toEqual(new Set(['1', '2']));
  });

  test('copies for a shadow are counted, and nobody’s answers', async () => {
    await start({ versions: 'all' });
    const { json } = await route({ shadow: { version: 2 } });
    expect(json).toEqual({ shadow: { version: '2', share: 1, maxInFlight: 64 } });
    expect(await countsOver('REST', 20)).toEqual({ 1: 20 });
    await expect
      .poll(async () => (await counters()).map(({ inferometer }) => inferometer.shadow))
      .toEqual([
        { copied: 0, ok: 0, failed: 0, skipped: 0 },
        { copied: 20, ok: 20, failed: 0, skipped: 0 },
      ]);
    expect((await counters()).map(({ inferometer }) => inferometer.arrivals)).toEqual([20, 0]);
    const config = (await (await fetch(`${url}/v2/models/echo/config`)).json()) as { inferometer: object };
    expect(config.inferometer).toMatchObject({ versions: ['1', '2'], routing: json });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'inferometer_shadow_total{model="echo",version="2",reason="ok"} 20',
    );
  });

  test('what was counted of a version stays when it is unloaded, and so do refusals', async () => {
    await start({ versions: 'all', routing: { split: { 1: 1, 2: 1 } } });
    await countsOver('REST', 10);
    await load(1);
    expect(await countsOver('REST', 5)).toEqual({ 1: 5 });
    expect((await counters()).map(({ version, inferometer }) => [version, inferometer.arrivals])).toEqual([
      ['1', 10],
      ['2', 5],
    ]);
    await ask('/v2/repository/models/echo/unload', {});
    expect(await countsOver('REST', 4)).toEqual({ 503: 4 });
    const all = await counters();
    const sum = (pick: (one: (typeof all)[number]) => number) =>
      all.reduce((total, one) => total + pick(one), 0);
    expect(sum(({ inferometer }) => inferometer.arrivals)).toBe(19);
    expect(sum(({ inference_stats: { success } }) => success.count)).toBe(15);
    expect(sum(({ inference_stats: { fail } }) => fail.count)).toBe(4);
  });

  test('what the server’s list does not have, or does not run, is refused in words', async () => {
    await start();
    expect(await load(1, 3)).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('no version 3') },
    });
    expect(await route({ split: { 2: 1 } })).toMatchObject({
      status: 404,
      json: { error: expect.stringContaining("unknown version '2'") },
    });
    expect(await route({ split: { 1: 0 } })).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('above 0') },
    });
    expect((await route({ shadow: { version: 1, shares: 1 } })).json.error).toContain('shares');
    expect((await fetch(`${url}/v2/models/echo/routing`)).status).toBe(405);
    expect(await countsOver('REST', 3)).toEqual({ 1: 3 });
    const json = '{"max_batch_size": 4}';
    expect(await ask('/v2/repository/models/echo/load', { parameters: { config: json } })).toMatchObject({
      status: 501,
      json: { error: expect.stringContaining('version_policy') },
    });
  });

  test('the answers that are kept of a model are forgotten, and computed again', async () => {
    await start({ versions: 'all', cache: { kind: 'local' } });
    await countsOver('REST', 3);
    const flush = (body: object = {}) => ask('/v2/models/echo/cache/flush', body);
    expect(await flush()).toEqual({ status: 200, json: undefined });
    await countsOver('gRPC', 2);
    const response = await fetch(`${url}/v2/models/echo/versions/1/stats`);
    const { model_stats } = (await response.json()) as { model_stats: { inference_stats: object }[] };
    expect(model_stats[0]?.inference_stats).toMatchObject({
      cache_hit: { count: 3 },
      cache_miss: { count: 2 },
    });
    expect((await flush({ all: true })).json.error).toContain('"all"');
    expect((await ask('/v2/models/other/cache/flush', {})).status).toBe(404);
  });

  test('only where models may be changed by request', async () => {
    await start({ versions: 'all' }, { repository: { mode: 'none' } });
    expect((await route({ split: { 1: 1 } })).status).toBe(403);
    expect((await ask('/v2/models/echo/cache/flush', {})).status).toBe(403);
  });
});
