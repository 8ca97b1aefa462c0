import type { AnswerStore } from '../cache/answer-store.ts';
import { LocalAnswers } from '../cache/local-answers.ts';
import { RedisAnswers } from '../cache/redis-answers.ts';
import type { RedisLinks } from '../cache/redis-links.ts';
import { ResponseCache } from '../cache/response-cache.ts';
import type { Infer } from '../infer.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import type { Clock } from '../telemetry/timings.ts';
import { modelDigest } from './model-digest.ts';
import type { VersionPlan } from './model-plan.ts';

export interface OpenCacheDeps {
  readonly clock: Clock;
  readonly statistics: ModelStatistics;
  readonly redis: RedisLinks;
  readonly modelPath: string;
}

/** The cache before `infer` that the plan asks for; undefined: none. */
export async function openCache(
  plan: VersionPlan,
  infer: Infer,
  deps: OpenCacheDeps,
): Promise<ResponseCache | undefined> {
  const store = await openStore(plan, deps);
  if (store === undefined) return undefined;
  const { name: model, version } = plan;
  const { singleFlight } = plan.settings.cache;
  const { clock, statistics } = deps;
  return new ResponseCache({ model, version, infer }, { store, singleFlight, clock, statistics });
}

async function openStore(plan: VersionPlan, deps: OpenCacheDeps): Promise<AnswerStore | undefined> {
  const { cache } = plan.settings;
  switch (cache.kind) {
    case 'off':
      return undefined;
    case 'local':
      return new LocalAnswers(cache, (cause) => {
        deps.statistics.cacheLeft[cause]++;
      });
    case 'redis': {
      // A model that is loaded again answers for itself, here as on every other server.
      const digest = await modelDigest(plan, deps.modelPath);
      const prefix = `${cache.prefix}:${plan.name}:${digest}:`;
      return new RedisAnswers(deps.redis.to(cache), { prefix, ttlMs: cache.ttlMs, waitMs: cache.waitMs });
    }
  }
}
