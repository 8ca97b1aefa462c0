import type { Infer, InferContext, InferRequest, InferResponse, Tensor } from '../infer.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import { type Clock, nsBetween } from '../telemetry/timings.ts';
import { cacheKey } from './cache-key.ts';
import { LruStore, type StoreLimits } from './lru-store.ts';
import { SingleFlight } from './single-flight.ts';

/** What the objects around an answer, and around each of its tensors, take beside the tensors' bytes: about. */
const ANSWER_BYTES = 512;
const TENSOR_BYTES = 256;

export interface CachedModel {
  readonly model: string;
  readonly version: string;
  /** What computes an answer. */
  readonly infer: Infer;
}

export interface ResponseCacheDeps {
  readonly clock: Clock;
  readonly statistics: ModelStatistics;
}

/** What the cache holds at this instant. */
export interface CacheUsage {
  readonly entries: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

/**
 * Before the queue of one version: answers at once what was computed before, and computes once what several callers
 * ask for at the same time. Kept are tensors, not encodings, so an answer serves every door and every encoding, and is
 * written exactly as a computed one. Failures are not kept. It lives as long as the version that it answers for: after
 * a reload nothing of the model before is left.
 */
export class ResponseCache {
  readonly #model: CachedModel;
  readonly #limits: StoreLimits;
  readonly #deps: ResponseCacheDeps;
  readonly #store: LruStore<readonly Tensor[]>;
  readonly #flights = new SingleFlight<readonly Tensor[]>();

  constructor(model: CachedModel, limits: StoreLimits, deps: ResponseCacheDeps) {
    this.#model = model;
    this.#limits = limits;
    this.#deps = deps;
    const { cacheLeft } = deps.statistics;
    this.#store = new LruStore(limits, (cause) => {
      cacheLeft[cause]++;
    });
  }

  usage(): CacheUsage {
    return { entries: this.#store.entries, bytes: this.#store.bytes, maxBytes: this.#limits.maxBytes };
  }

  readonly infer: Infer = async (request, context) => {
    const { clock, statistics } = this.#deps;
    const startedAtMs = clock.nowMs();
    const key = cacheKey(this.#model.model, this.#model.version, request);
    const kept = this.#store.get(key, startedAtMs);
    const lookedUpAtMs = clock.nowMs();
    if (kept !== undefined) {
      context.timings.answeredBy = 'cache';
      statistics.cacheHit(nsBetween(startedAtMs, lookedUpAtMs));
      return { outputs: kept };
    }
    const { joined, outcome } = this.#flights.join(flightKey(key, context), context.signal, (signal) => {
      statistics.cacheMissed(nsBetween(startedAtMs, lookedUpAtMs));
      return this.#compute(key, request, { ...context, signal });
    });
    if (!joined) return { outputs: await outcome };
    statistics.cacheJoins++;
    const outputs = await outcome;
    context.timings.answeredBy = 'another request';
    context.timings.queueNs = nsBetween(lookedUpAtMs, clock.nowMs());
    return { outputs };
  };

  async #compute(key: string, request: InferRequest, context: InferContext): Promise<readonly Tensor[]> {
    const { clock, statistics } = this.#deps;
    const response = await this.#model.infer(request, context);
    const computedAtMs = clock.nowMs();
    const outputs = ownBytes(response);
    this.#store.set(key, outputs, sizeOf(outputs), computedAtMs);
    statistics.cacheInserted(nsBetween(computedAtMs, clock.nowMs()));
    return outputs;
  }
}

/** Who waits by other rules does not join: a caller's priority and timeout are its own. */
function flightKey(key: string, { queue }: InferContext): string {
  return `${key} ${queue?.priority ?? 0} ${queue?.timeoutMs ?? 0}`;
}

/** A view would keep the whole of what it is a view on. */
function ownBytes({ outputs }: InferResponse): readonly Tensor[] {
  return outputs.map((tensor) =>
    tensor.data.byteLength === tensor.data.buffer.byteLength
      ? tensor
      : { ...tensor, data: new Uint8Array(tensor.data) },
  );
}

function sizeOf(outputs: readonly Tensor[]): number {
  return outputs.reduce((sum, { data }) => sum + TENSOR_BYTES + data.byteLength, ANSWER_BYTES);
}
