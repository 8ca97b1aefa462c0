import { ServingError } from '../errors.ts';
import { readAnswer, writeAnswer } from './answer-codec.ts';
import type { AgedAnswer, CacheState, SharedStore, StoreFailure } from './answer-store.ts';
import type { Asked, RedisLink } from './redis-link.ts';

/** For each step of what an operator asks for, which may take longer than a request can wait. */
const FLUSH_WAIT_MS = 1000;

export interface RedisAnswersSettings {
  /** What the keys of this model's answers begin with: differs between models that answer differently. */
  readonly prefix: string;
  /** 0: as long as the Redis has room. */
  readonly ttlMs: number;
  /** How long a request waits at most. */
  readonly waitMs: number;
}

/**
 * The answers of one version of a model in a Redis, where every server that runs the same one finds them. Their ages are
 * told from the clocks of day of two servers, and are as right as these agree.
 */
export class RedisAnswers implements SharedStore {
  readonly where = 'elsewhere';
  readonly #link: RedisLink;
  readonly #settings: RedisAnswersSettings;
  readonly #epochMs: () => number;

  constructor(link: RedisLink, settings: RedisAnswersSettings, epochMs: () => number = Date.now) {
    this.#link = link;
    this.#settings = settings;
    this.#epochMs = epochMs;
  }

  async get(key: string): Promise<AgedAnswer | undefined | StoreFailure> {
    const { prefix, waitMs } = this.#settings;
    const asked = await this.#link.get(prefix + key, waitMs);
    if ('failure' in asked) return asked.failure;
    if (asked.value === null) return undefined;
    const read = readAnswer(asked.value);
    if (read === undefined) return 'unreadable';
    return { outputs: read.outputs, ageMs: Math.max(0, this.#epochMs() - read.beganAtEpochMs) };
  }

  async set(key: string, { outputs, ageMs }: AgedAnswer): Promise<StoreFailure | undefined> {
    const { prefix, ttlMs, waitMs } = this.#settings;
    const written = writeAnswer({ outputs, beganAtEpochMs: this.#epochMs() - ageMs });
    const asked = await this.#link.set(prefix + key, written, ttlMs, waitMs);
    return 'failure' in asked ? asked.failure : undefined;
  }

  state(): CacheState {
    return { kind: 'redis', reachable: this.#link.reachable };
  }

  async flush(): Promise<void> {
    let cursor = '0';
    do {
      const [next, keys] = answerOf(
        await this.#link.scan(cursor, `${this.#settings.prefix}*`, FLUSH_WAIT_MS),
      );
      if (keys.length > 0) answerOf(await this.#link.remove(keys, FLUSH_WAIT_MS));
      cursor = next;
    } while (cursor !== '0');
  }
}

function answerOf<Value>(asked: Asked<Value>): Value {
  if ('value' in asked) return asked.value;
  throw new ServingError(
    'unavailable',
    `the Redis of the response cache cannot be flushed: it is ${asked.failure}`,
  );
}
