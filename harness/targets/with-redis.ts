import { randomUUID } from 'node:crypto';
import type { ReferenceTargetSpec } from '../scenario/target-spec.ts';
import { type RedisProcess, startRedis } from './redis-process.ts';
import type { RunningTarget, Target } from './target.ts';

/** In the place of the address of a Redis that is there for one target alone: its port says nothing. */
const ITS_OWN = 'its own';

/**
 * The target that `make` makes of a setting, with what its cache needs in a Redis: keys of its own, so that it begins
 * empty, in the Redis that the setting names; or else a Redis that is started for it, on the server's cores, and ends with it.
 * All of its servers share the one.
 */
export function withRedis(
  spec: ReferenceTargetSpec,
  cpus: readonly number[] | undefined,
  make: (spec: ReferenceTargetSpec) => Target,
): Target {
  const { cache } = spec;
  if (cache?.kind !== 'redis') return make(spec);
  const prefix = `inferometer-${randomUUID().slice(0, 8)}`;
  const { url, maxBytes = 0, ...rest } = cache;
  if (url !== undefined) {
    return tidied(make({ ...spec, cache: { ...cache, prefix } }));
  }
  return {
    async start() {
      const redis = await startRedis({ maxBytes, ...(cpus === undefined ? {} : { cpus }) });
      try {
        const inner = make({ ...spec, cache: { ...rest, url: redis.url } });
        return sharing(await inner.start(), spec, maxBytes, redis);
      } catch (cause) {
        await redis.stop();
        throw cause;
      }
    },
  };
}

/** What it kept in somebody else's Redis goes with it, as far as that answers. */
function tidied(target: Target): Target {
  return {
    async start() {
      const running = await target.start();
      return {
        ...running,
        async stop() {
          await running.apply?.({ do: 'cache.flush' }).catch(() => {});
          await running.stop();
        },
      };
    },
  };
}

function sharing(
  running: RunningTarget,
  spec: ReferenceTargetSpec,
  maxBytes: number,
  redis: RedisProcess,
): RunningTarget {
  const own = { 'cache.url': ITS_OWN, 'cache.maxBytes': maxBytes };
  const { pids = () => (running.pid === undefined ? [] : [running.pid]) } = running;
  return {
    ...running,
    spec,
    pids: () => [...pids(), redis.pid],
    requested: { ...running.requested, ...own },
    effective: { ...running.effective, ...own },
    async apply(change) {
      if (change.do !== 'redis.stop') return (await running.apply?.(change)) ?? CANNOT;
      await redis.stop();
      return { done: 'the Redis of the cache is gone' };
    },
    async stop() {
      await running.stop();
      await redis.stop();
    },
  };
}

const CANNOT = { failed: 'nothing of this target can be changed' };
