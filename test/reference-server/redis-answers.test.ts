import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AgedAnswer } from '../../reference-server/cache/answer-store.ts';
import { RedisAnswers } from '../../reference-server/cache/redis-answers.ts';
import { RedisLink, type RedisPlace } from '../../reference-server/cache/redis-link.ts';
import type { Tensor } from '../../reference-server/infer.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { makeCertificates } from '../support/certificates.ts';
import { NO_REDIS, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const tensor: Tensor = {
  name: 'y',
  datatype: 'FP32',
  shape: [1, 2],
  data: new Uint8Array(Float32Array.of(1.5, -2).buffer),
};
const answer: AgedAnswer = { outputs: [tensor], ageMs: 0 };

describe.skipIf(NO_REDIS !== undefined)(NO_REDIS ?? 'answers in a Redis', () => {
  let redis: RedisServer;
  let other: Redis;
  const links: RedisLink[] = [];
  /** By the link that was made last. */
  let said: readonly string[] = [];

  beforeAll(async () => {
    redis = await (await RedisServer.create()).start();
    other = new Redis(redis.url, { lazyConnect: true });
    await other.connect();
  });
  afterEach(async () => {
    for (const link of links.splice(0)) link.close();
    await other.flushall();
  });
  afterAll(async () => {
    other.disconnect();
    await redis.remove();
  });

  /** Connected, unless the Redis does not let it. */
  async function linkTo(url: string, more: Partial<RedisPlace> = {}, clock = realClock): Promise<RedisLink> {
    const own: string[] = [];
    const link = new RedisLink({ url, ...more }, { clock, log: (event) => own.push(event) });
    links.push(link);
    await until(() => own.length > 0);
    said = own;
    return link;
  }

  const store = (link: RedisLink, { prefix = 'p:m:', ttlMs = 0, waitMs = 5000 } = {}) =>
    new RedisAnswers(link, { prefix, ttlMs, waitMs });

  test('what one keeps another finds, under its own prefix, for as long as it may', async () => {
    const [one, two] = [await linkTo(redis.url), await linkTo(redis.url)];
    expect(await store(one).get('k')).toBeUndefined();
    expect(await store(one).set('k', answer)).toBeUndefined();
    expect(await store(two).get('k')).toMatchObject({ outputs: [{ ...tensor, data: expect.anything() }] });
    expect(await store(two, { prefix: 'p:n:' }).get('k')).toBeUndefined();
    expect(await other.pttl('p:m:k')).toBe(-1);
    await store(one, { ttlMs: 60_000 }).set('k', answer);
    expect(await other.pttl('p:m:k')).toBeGreaterThan(1000);
    expect(await other.pttl('p:m:k')).toBeLessThanOrEqual(60_000);
    await store(one, { ttlMs: 0.2 }).set('short', answer);
    await until(async () => (await other.exists('p:m:short')) === 0);
  });

  test('a flush takes its own answers, however many, and leaves the others', async () => {
    const link = await linkTo(redis.url);
    const keys = Array.from({ length: 2500 }, (_, n) => [`p:m:${n}`, 'x']).flat();
    await other.mset(...keys, 'p:n:1', 'x', 'p:mm', 'x');
    await store(link).flush();
    expect((await other.keys('*')).sort()).toEqual(['p:mm', 'p:n:1']);
  });

  test('what somebody else put there is no answer', async () => {
    const link = await linkTo(redis.url);
    await other.set('p:m:k', 'hello');
    expect(await store(link).get('k')).toBe('unreadable');
    await other.del('p:m:k');
    await other.lpush('p:m:k', 'of another type');
    expect(await store(link).get('k')).toBe('refused');
    expect(link.reachable).toBe(true);
  });

  test('a full one refuses and goes on answering', async () => {
    await other.set('p:m:there', 'IFA1');
    const { used_memory: used } = Object.fromEntries(
      (await other.info('memory')).split('\r\n').map((line) => line.split(':')),
    );
    await other.config('SET', 'maxmemory', String(used));
    const link = await linkTo(redis.url);
    const failures = [];
    for (let n = 0; n < 5; n++) failures.push(await store(link).set(`k${n}`, answer));
    expect(failures).toEqual(Array(5).fill('refused'));
    expect(await store(link).get('k1')).toBeUndefined();
    expect(link.reachable).toBe(true);
    await other.config('SET', 'maxmemory', '0');
  });

  test('one that hangs: each waits its bound and no longer, the fourth not at all; then it is there again', async () => {
    const clock = new VirtualClock();
    const link = await linkTo(redis.url, {}, clock);
    const answers = store(link, { waitMs: 20 });
    redis.hang();
    try {
      for (const asked of [answers.get('a'), answers.set('b', answer), answers.get('c')]) {
        expect(await Promise.race([asked, settle().then(() => 'waits')])).toBe('waits');
        asked.catch(() => {});
      }
      const three = [answers.get('a'), answers.get('b'), answers.get('c')];
      await clock.runUntilIdle();
      expect(await Promise.all(three)).toEqual(['slow', 'slow', 'slow']);
      expect(clock.nowMs()).toBe(20);
      expect(link.reachable).toBe(false);
      expect(await answers.get('d')).toBe('down');
      expect(clock.nowMs()).toBe(20);
    } finally {
      redis.goOn();
    }
    await until(async () => {
      // Nothing passes while an answer is on its way.
      if ((await answers.get('d')) === undefined) return true;
      clock.after(1000, () => {});
      await clock.runUntilIdle();
      return false;
    });
    expect(link.reachable).toBe(true);
    const gone = said.map((event) => event.includes('cannot be used'));
    expect([...gone.slice(0, 2), gone.at(-1)]).toEqual([false, true, false]);
  });

  test('not there yet, gone, there again: a miss at once each time, and connected without being told to', async () => {
    const late = await RedisServer.create();
    try {
      const link = await linkTo(late.url);
      expect(await store(link).get('k')).toBe('down');
      expect(await store(link).set('k', answer)).toBe('down');
      await expect(store(link).flush()).rejects.toThrow('cannot be flushed: it is down');
      await late.start();
      await until(() => link.reachable);
      await store(link).set('k', answer);
      await late.kill();
      await until(() => said.length === 3);
      expect(await store(link).get('k')).toBe('down');
      await late.start();
      await until(() => link.reachable);
      expect(await store(link).get('k')).toBeUndefined();
      expect(said.map((event) => event.includes('cannot be used'))).toEqual([true, false, true, false]);
    } finally {
      await late.remove();
    }
  });

  test('what may be under way is bounded, in number and in bytes: what is beyond it does not wait', async () => {
    const clock = new VirtualClock();
    const link = await linkTo(redis.url, {}, clock);
    const data = new Uint8Array(2 ** 25);
    const huge: AgedAnswer = {
      outputs: [{ name: 'y', datatype: 'UINT8', shape: [2 ** 25], data }],
      ageMs: 0,
    };
    redis.hang();
    try {
      const first = store(link).set('a', huge);
      expect(await store(link).set('b', huge)).toBe('slow');
      const asked = Array.from({ length: 1023 }, (_, n) => store(link).get(`k${n}`));
      expect(await store(link).get('k')).toBe('slow');
      await clock.runUntilIdle();
      expect(new Set(await Promise.all([first, ...asked]))).toEqual(new Set(['slow']));
    } finally {
      redis.goOn();
    }
  });

  test('an answer grows older in it by the clock of day, whoever kept it; no clock makes it younger than new', async () => {
    const [one, two] = [await linkTo(redis.url), await linkTo(redis.url)];
    const at = (link: RedisLink, epochMs: number) =>
      new RedisAnswers(link, { prefix: 'p:m:', ttlMs: 0, waitMs: 5000 }, () => epochMs);
    const keptAtMs = Date.UTC(2026, 10, 21) + 0.25;
    expect(await at(one, keptAtMs).set('k', { ...answer, ageMs: 12.5 })).toBeUndefined();
    expect(await at(two, keptAtMs).get('k')).toMatchObject({ ageMs: 12.5 });
    expect(await at(two, keptAtMs + 3000).get('k')).toMatchObject({ ageMs: 3012.5 });
    expect(await at(two, keptAtMs - 100).get('k')).toMatchObject({ ageMs: 0 });
  });

  test('over TLS, by an authority of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inferometer-redis-tls-'));
    const { server, ca } = makeCertificates(folder);
    const files = ['--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile];
    const secured = await RedisServer.create(...files, '--tls-auth-clients', 'no');
    try {
      await secured.start();
      const link = await linkTo(secured.url, { ca: Buffer.from(ca.cert) });
      expect(await store(link).set('k', answer)).toBeUndefined();
      expect(await store(link).get('k')).toHaveProperty('outputs.length', 1);
      expect(await store(await linkTo(secured.url)).get('k')).toBe('down');
    } finally {
      await secured.remove();
      rmSync(folder, { recursive: true });
    }
  });

  test('with a password; with a wrong one it is as if it were not there', async () => {
    const locked = await (await RedisServer.create('--requirepass', 'open sesame')).start();
    try {
      const link = await linkTo(locked.url, { password: 'open sesame' });
      expect(await store(link).set('k', answer)).toBeUndefined();
      expect(await store(await linkTo(locked.url, { password: 'wrong' })).get('k')).toBe('down');
      expect(await store(await linkTo(locked.url)).get('k')).toBe('down');
    } finally {
      await locked.remove();
    }
  });
});
