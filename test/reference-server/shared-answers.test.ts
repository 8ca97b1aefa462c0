import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer, type ReferenceServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { NO_REDIS, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { FakeInstance } from './fake-instance.ts';
import { GrpcClient } from './grpc-client.ts';
import { ModelFolder } from './model-folder.ts';

interface Running {
  readonly server: ReferenceServer;
  readonly url: string;
  readonly grpc: GrpcClient;
  readonly instance: FakeInstance;
}

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'servers that share their answers', () => {
  const folder = new ModelFolder();
  const running: Running[] = [];
  let redis: RedisServer;
  let other: Redis;

  beforeAll(async () => {
    redis = await (await RedisServer.create('--requirepass', 'open sesame')).start();
    other = new Redis(redis.url, { password: 'open sesame', lazyConnect: true });
    await other.connect();
    other.on('error', () => {});
  });
  afterEach(async () => {
    for (const { server, grpc } of running.splice(0)) {
      grpc.close();
      await server.stop();
    }
  });
  afterAll(async () => {
    other.disconnect();
    await redis.remove();
    folder.remove();
  });

  /** Real sockets, a real Redis, and a stand-in for the model, whose file has this content. */
  async function start(content: string, cache: object = {}): Promise<Running> {
    const instances: FakeInstance[] = [];
    const url = redis.url.replace('//', '//default:open%20sesame@');
    const config = {
      port: 0,
      grpcPort: 0,
      drainMs: 50,
      models: [{ name: 'echo', source: 'echo' }],
      cache: { kind: 'redis', url, ttlMs: 60_000, waitMs: 5000, ...cache },
    };
    folder.write(`${content}.onnx`, content);
    const server = await buildServer(parseServerConfig(JSON.stringify(config)), {
      clock: realClock,
      startInstance: async (options) => {
        const instance = new FakeInstance(options);
        instances.push(instance);
        return instance;
      },
      modelPath: async () => `${folder.path}/${content}.onnx`,
      log: () => {},
      version: '1.2.3',
    });
    const [instance] = instances;
    if (instance === undefined) throw new Error('no instance was started');
    const listening = await server.listen();
    const grpc = new GrpcClient((await server.listenGrpc()) ?? '');
    const one = { server, url: listening, grpc, instance };
    running.push(one);
    await until(() => reachable(one));
    return one;
  }

  const reachable = ({ server }: Running) => {
    const state = server.models[0]?.cache();
    return state?.kind === 'redis' && state.reachable;
  };

  async function infer({ url }: Running, values: readonly number[]) {
    const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: values }] });
    const response = await fetch(`${url}/v2/models/echo/infer`, { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  }

  const statisticsOf = ({ server }: Running) => {
    const found = server.models[0]?.statistics;
    if (found === undefined) throw new Error('no model runs');
    return found;
  };

  test('what one computed the others answer, over both doors, the same bytes; another model answers for itself', async () => {
    const [one, two] = [await start('weights'), await start('weights')];
    const computed = await infer(one, [1, 2, 3]);
    await until(async () => (await other.dbsize()) === 1);
    expect(await infer(two, [1, 2, 3])).toEqual(computed);
    const data = Buffer.from(Float32Array.of(1, 2, 3).buffer);
    const { raw_output_contents: outputs } = await two.grpc.call('ModelInfer', {
      model_name: 'echo',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3] }],
      raw_input_contents: [data],
    });
    expect(Buffer.from(outputs[0])).toEqual(data);
    expect([one.instance.batches, two.instance.batches]).toEqual([[1], []]);
    expect(statisticsOf(two).cacheHits.count).toBe(2);

    const retrained = await start('other weights');
    await infer(retrained, [1, 2, 3]);
    await until(async () => (await other.dbsize()) === 2);
    await infer(retrained, [1, 2, 3]);
    expect(retrained.instance.batches).toEqual([1]);
    await retrained.server.models[0]?.flushCache();
    await infer(retrained, [1, 2, 3]);
    expect(retrained.instance.batches).toEqual([1, 1]);
    await infer(two, [1, 2, 3]);
    expect(statisticsOf(two).cacheHits.count).toBe(3);
  });

  test('statistics, metrics and configuration say what it did, and no password', async () => {
    const one = await start('counted');
    await infer(one, [1, 2, 3]);
    const stats = await (await fetch(`${one.url}/v2/models/echo/stats`)).json();
    expect(stats).toMatchObject({
      model_stats: [
        {
          inference_stats: { cache_hit: { count: 0 }, cache_miss: { count: 1 } },
          inferometer: { cache_errors: { down: 0, slow: 0, refused: 0, unreadable: 0 } },
        },
      ],
    });
    const [overGrpc] = (await one.grpc.call('ModelStatistics', { name: 'echo' })).model_stats;
    expect(overGrpc.inferometer.cache_errors).toMatchObject({ down: 0, unreadable: 0 });
    const page = await (await fetch(`${one.url}/metrics`)).text();
    expect(page).toContain('inferometer_cache_reachable{model="echo",version="1"} 1');
    expect(page).toContain('inferometer_cache_errors_total{model="echo",version="1",reason="slow"} 0');
    expect(page).not.toContain('nv_cache_num_entries{');
    const config = await (await fetch(`${one.url}/v2/models/echo/config`)).text();
    expect(JSON.parse(config)).toMatchObject({
      response_cache: { enable: true },
      inferometer: { cache: { kind: 'redis', url: redis.url, ttlMs: 60_000 } },
    });
    expect(config).not.toContain('sesame');
    const overBoth = (await one.grpc.call('ModelConfig', { name: 'echo' })).config.inferometer.cache;
    expect(overBoth).toMatchObject({ kind: 'redis', url: redis.url, singleFlight: true, waitMs: 5000 });
  });

  test('it dies under load and comes back: every request is answered, and counted once', async () => {
    const one = await start('loaded', { waitMs: 50 });
    const statuses: number[] = [];
    let stopped = false;
    const caller = async (first: number) => {
      for (let n = first; !stopped; n++) {
        const { status, text } = await infer(one, [n % 20, 1, 2]);
        statuses.push(text.includes(`[${n % 20},1,2]`) ? status : 0);
      }
    };
    const callers = Array.from({ length: 4 }, (_, n) => caller(n * 3));
    const statistics = statisticsOf(one);
    await until(() => statistics.cacheHits.count > 30);
    await redis.kill();
    await until(() => statistics.cacheErrors.down > 30);
    await redis.start();
    const before = statistics.cacheHits.count;
    await until(() => statistics.cacheHits.count > before + 30);
    redis.hang();
    const answered = statuses.length;
    // Those that wait for it go on without it, and so do all that come after them.
    await until(() => statuses.length > answered + 60);
    redis.goOn();
    stopped = true;
    await Promise.all(callers);
    const { cacheHits, cacheMisses, cacheJoins, arrivals, success, fail } = statistics;
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect([arrivals, success.count, fail.count]).toEqual([statuses.length, statuses.length, 0]);
    expect(cacheHits.count + cacheMisses.count + cacheJoins).toBe(statuses.length);
  });
});
