import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { emptyCache } from '../../../harness/run/trial/empty-cache.ts';
import type { ChangeSpec } from '../../../harness/scenario/event-spec.ts';
import type { CacheSpec, ReferenceTargetSpec } from '../../../harness/scenario/target-spec.ts';
import type { ChangeOutcome, RunningTarget, Target } from '../../../harness/targets/target.ts';
import { withRedis } from '../../../harness/targets/with-redis.ts';
import { NO_REDIS } from '../../support/redis-server.ts';

const spec = (cache: CacheSpec): ReferenceTargetSpec => ({
  kind: 'reference',
  model: 'm',
  instances: 1,
  threads: 1,
  provider: 'cpu',
  batching: { maxRows: 1, maxDelayMs: 0, maxQueueRows: 1, inFlight: 1 },
  cache,
});

/** Tells which settings it was made of and what was done to it. */
class Made {
  spec: ReferenceTargetSpec | undefined;
  readonly done: string[] = [];
  readonly #outcome: ChangeOutcome;

  constructor(outcome: ChangeOutcome = { done: 'so it is' }) {
    this.#outcome = outcome;
  }

  readonly make = (made: ReferenceTargetSpec): Target => {
    this.spec = made;
    return { start: async () => this.#running(made) };
  };

  get cache() {
    return this.spec?.cache?.kind === 'redis' ? this.spec.cache : undefined;
  }

  #running(made: ReferenceTargetSpec): RunningTarget {
    const url = made.cache?.kind === 'redis' ? { 'cache.url': made.cache.url } : {};
    return {
      spec: made,
      endpoint: { url: 'http://127.0.0.1:1', headers: {} },
      model: { name: 'm', inputs: [], outputs: [] },
      requested: url,
      effective: url,
      statistics: async () => ({ missing: 'none' }),
      died: new Promise(() => {}),
      apply: async (change: ChangeSpec) => {
        this.done.push(change.do);
        return this.#outcome;
      },
      stop: async () => {
        this.done.push('stop');
      },
    };
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe.skipIf(NO_REDIS !== undefined)('a cache in a Redis of its own', () => {
  const own = spec({ kind: 'redis', maxBytes: 1e7, singleFlight: true });

  test('is told as such, and ends with the target', async () => {
    const made = new Made();
    const target = await withRedis(own, undefined, made.make).start();
    const url = made.cache?.url ?? '';
    expect(made.cache).toEqual({ kind: 'redis', url, singleFlight: true });
    const told = { 'cache.url': 'its own', 'cache.maxBytes': 1e7 };
    expect(target).toMatchObject({ spec: own, requested: told, effective: told });
    expect(await answers(url)).toBe(true);
    await target.stop();
    expect(made.done).toEqual(['stop']);
    expect(await answers(url)).toBe(false);
  });

  test('can be taken away by an event; any other change is the server’s to make', async () => {
    const made = new Made();
    const target = await withRedis(own, undefined, made.make).start();
    expect(await target.apply?.({ do: 'cache.flush' })).toEqual({ done: 'so it is' });
    expect(await target.apply?.({ do: 'redis.stop' })).toMatchObject({ done: expect.any(String) });
    expect(made.done).toEqual(['cache.flush']);
    expect(await answers(made.cache?.url ?? '')).toBe(false);
    await target.stop();
  });

  test('goes away with a server that does not start', async () => {
    let url = '';
    const failing = (made: ReferenceTargetSpec): Target => {
      url = made.cache?.kind === 'redis' ? (made.cache.url ?? '') : '';
      return { start: () => Promise.reject(new Error('no')) };
    };
    await expect(withRedis(own, undefined, failing).start()).rejects.toThrow('no');
    expect(await answers(url)).toBe(false);
  });
});

test('in a Redis that runs already it has keys of its own, which go when it goes', async () => {
  const there = spec({ kind: 'redis', url: 'redis://cache:6379', singleFlight: true });
  const [first, second] = [new Made(), new Made()];
  const target = await withRedis(there, undefined, first.make).start();
  await withRedis(there, undefined, second.make).start();
  expect(first.cache).toMatchObject({
    url: 'redis://cache:6379',
    prefix: expect.stringMatching(/^inferometer-/),
  });
  expect(second.cache?.prefix).not.toBe(first.cache?.prefix);
  await target.stop();
  expect(first.done).toEqual(['cache.flush', 'stop']);
});

test('any other cache is the server’s own matter', async () => {
  const made = new Made();
  const local = spec({ kind: 'local', maxBytes: 1, singleFlight: true });
  await withRedis(local, undefined, made.make).start();
  expect(made.spec).toBe(local);
});

describe('before a trial', () => {
  const started = (cache: CacheSpec, made: Made) => made.make(spec(cache)).start();

  test('a cache is emptied, and a target without one is left alone', async () => {
    const [cached, plain] = [new Made(), new Made()];
    await emptyCache(await started({ kind: 'local', maxBytes: 1, singleFlight: true }, cached));
    await emptyCache(await started({ kind: 'off' }, plain));
    expect([cached.done, plain.done]).toEqual([['cache.flush'], []]);
  });

  test('one that cannot be emptied ends the run: its hits would be those of another case', async () => {
    const made = new Made({ failed: 'no such path' });
    const target = await started({ kind: 'local', maxBytes: 1, singleFlight: true }, made);
    await expect(emptyCache(target)).rejects.toThrow('could not be emptied before a case: no such path');
  });
});
