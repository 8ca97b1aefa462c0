import type { Infer, InferContext, InferRequest } from '../infer.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import { type Clock, nsBetween } from '../telemetry/timings.ts';
import type { Answer, AnswerStore, CacheState, KeptAnswer } from './answer-store.ts';
import { cacheKey } from './cache-key.ts';
import { SingleFlight } from './single-flight.ts';

export interface CachedModel {
  readonly model: string;
  readonly version: string;
  /** What computes an answer. */
  readonly infer: Infer;
}

export interface ResponseCacheDeps {
  readonly store: AnswerStore;
  /** Whether equal requests that are under way at the same time run once. */
  readonly singleFlight: boolean;
  readonly clock: Clock;
  readonly statistics: ModelStatistics;
}

/**
 * Before the queue of one version: answers at once what was computed before, and computes once what several callers
 * ask for at the same time. An answer is written exactly as a computed one. Failures are not kept, and those of the
 * store are misses. It lives as long as the version that it answers for: after a reload nothing of the model before is
 * given.
 */
export class ResponseCache {
  readonly #model: CachedModel;
  readonly #deps: ResponseCacheDeps;
  readonly #flights = new SingleFlight<KeptAnswer>();

  constructor(model: CachedModel, deps: ResponseCacheDeps) {
    this.#model = model;
    this.#deps = deps;
  }

  state(): CacheState {
    return this.#deps.store.state();
  }

  flush(): Promise<void> {
    return this.#deps.store.flush();
  }

  readonly infer: Infer = async (request, context) => {
    const { clock, statistics, store, singleFlight } = this.#deps;
    const startedAtMs = clock.nowMs();
    const key = cacheKey(this.#model.model, this.#model.version, request);
    const kept = store.where === 'here' ? store.get(key, startedAtMs) : undefined;
    if (kept !== undefined) return { outputs: this.#hit(kept, context, startedAtMs) };
    if (!singleFlight) {
      const { outputs } = await this.#find(key, request, context, startedAtMs);
      return { outputs };
    }
    const { joined, outcome } = this.#flights.join(flightKey(key, context), context.signal, (signal) =>
      this.#find(key, request, { ...context, signal }, startedAtMs),
    );
    if (!joined) return { outputs: (await outcome).outputs };
    statistics.cacheJoins++;
    const joinedAtMs = clock.nowMs();
    const { outputs, beganAtMs } = await outcome;
    context.timings.answeredBy = 'another request';
    context.timings.queueNs = nsBetween(joinedAtMs, clock.nowMs());
    context.timings.ageMs = ageAt(startedAtMs, beganAtMs);
    return { outputs };
  };

  /** What is not in this process's memory: asked of the store elsewhere if there is one, or computed. */
  async #find(
    key: string,
    request: InferRequest,
    context: InferContext,
    startedAtMs: number,
  ): Promise<KeptAnswer> {
    const { clock, statistics, store } = this.#deps;
    const found = store.where === 'elsewhere' ? await store.get(key) : undefined;
    const beganAtMs = clock.nowMs();
    if (typeof found === 'object') {
      const kept = { outputs: found.outputs, beganAtMs: beganAtMs - found.ageMs };
      this.#hit(kept, context, startedAtMs);
      return kept;
    }
    if (found !== undefined) statistics.cacheErrors[found]++;
    statistics.cacheMissed(nsBetween(startedAtMs, beganAtMs));
    const { outputs } = await this.#model.infer(request, context);
    const computed = { outputs, beganAtMs };
    // A store that could not be asked is not given anything either: one failure a request.
    if (found === undefined) this.#keep(key, computed);
    return computed;
  }

  #hit({ outputs, beganAtMs }: KeptAnswer, { timings }: InferContext, startedAtMs: number): Answer {
    const { clock, statistics } = this.#deps;
    timings.answeredBy = 'cache';
    timings.ageMs = ageAt(startedAtMs, beganAtMs);
    statistics.cacheHit(nsBetween(startedAtMs, clock.nowMs()));
    return outputs;
  }

  /** Nobody waits for a store elsewhere to have taken it. */
  #keep(key: string, computed: KeptAnswer): void {
    const { clock, statistics, store } = this.#deps;
    const computedAtMs = clock.nowMs();
    if (store.where === 'here') store.keep(key, computed, computedAtMs);
    else {
      const { outputs, beganAtMs } = computed;
      void store.set(key, { outputs, ageMs: computedAtMs - beganAtMs }).then((failure) => {
        if (failure !== undefined) statistics.cacheErrors[failure]++;
      });
    }
    statistics.cacheInserted(nsBetween(computedAtMs, clock.nowMs()));
  }
}

/** An answer whose computation began after the request came, as one may that is joined, is as new as one of its own. */
function ageAt(atMs: number, beganAtMs: number): number {
  return Math.max(0, atMs - beganAtMs);
}

/** Who waits by other rules does not join: a caller's priority and timeout are its own. */
function flightKey(key: string, { queue }: InferContext): string {
  return `${key} ${queue?.priority ?? 0} ${queue?.timeoutMs ?? 0}`;
}
