import { ServingError } from '../errors.ts';
import type { InferContext, InferRequest, InferResponse } from '../infer.ts';
import type { Clock } from '../telemetry/timings.ts';
import { expiryOf, levelOf, noRoom, type QueuePolicy } from './queue-policy.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';

/** A request and whom its answer goes to. */
interface Caller {
  readonly request: InferRequest;
  readonly context: InferContext;
  resolve(response: InferResponse): void;
  reject(error: ServingError): void;
}

export type Waiting = QueuedRequest & Caller;

/** Why a request never ran: no room for it, too long in the queue, its caller gone, nothing to run it, or shutdown. */
export const DROP_CAUSES = ['queue-full', 'timeout', 'cancelled', 'no-instance', 'shutdown'] as const;
export type DropCause = (typeof DROP_CAUSES)[number];

export interface WaitingDeps {
  readonly clock: Clock;
  /** The key under which requests may be stacked; the same for all where no dimension but the rows varies. */
  stackingKey(request: InferRequest): string;
  onDropped(cause: DropCause): void;
  /** A request has waited too long and goes behind the others of its level. */
  onDeferred(): void;
}

/**
 * Between two searches of a full queue for callers who are gone. It refuses thousands a second, and hundreds wait in it:
 * searched for each of them, it took as much time as the answers did.
 */
const SEARCHES_EVERY_MS = 50;

/** Who waits for a batch: comes in where there is room, and is told when it leaves without having run. */
export class WaitingRequests {
  readonly queue = new RequestQueue<Waiting>();
  readonly #policy: QueuePolicy;
  readonly #deps: WaitingDeps;
  #searchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(policy: QueuePolicy, deps: WaitingDeps) {
    this.#policy = policy;
    this.#deps = deps;
  }

  /** Why so many more rows find no room; undefined where they do. */
  noRoom(rows: number, { queue: wish = {} }: InferContext): string | undefined {
    return noRoom(rows, levelOf(wish, this.#policy), this.queue, this.#policy);
  }

  add(
    request: InferRequest,
    context: InferContext,
    resolve: Caller['resolve'],
    reject: Caller['reject'],
  ): void {
    const { queue: wish = {} } = context;
    const level = levelOf(wish, this.#policy);
    const levelPolicy = this.#policy.levels[level - 1];
    const enqueuedAtMs = this.#deps.clock.nowMs();
    this.queue.add({
      request,
      context,
      resolve,
      reject,
      rows: request.rows,
      enqueuedAtMs,
      shape: this.#deps.stackingKey(request),
      level,
      expiresAtMs: levelPolicy ? expiryOf(wish, levelPolicy, enqueuedAtMs) : Number.POSITIVE_INFINITY,
      onExpiry: levelPolicy?.timeoutAction ?? 'reject',
    });
  }

  /** One that has waited already, in a line of its own; its turn had come in time. */
  addAlone(waiting: Waiting, shape: string): void {
    this.queue.add({ ...waiting, shape, expiresAtMs: Number.POSITIVE_INFINITY });
  }

  expire(): void {
    const { rejected, deferred } = this.queue.expire(this.#deps.clock.nowMs());
    for (const waiting of rejected) waiting.reject(this.refusal('timeout', 'Request timeout expired'));
    for (const _ of deferred) this.#deps.onDeferred();
  }

  /** Those whose callers have gone away leave. */
  dropAbandoned(when: 'now' | 'if-not-just-looked'): void {
    const nowMs = this.#deps.clock.nowMs();
    if (when === 'if-not-just-looked' && nowMs - this.#searchedAtMs < SEARCHES_EVERY_MS) return;
    this.#searchedAtMs = nowMs;
    for (const waiting of this.queue.remove(isAbandoned)) {
      this.#deps.onDropped('cancelled');
      waiting.reject(
        new ServingError('cancelled', 'the caller closed the connection before the request ran'),
      );
    }
  }

  refuseAll(cause: DropCause, reason: string): void {
    for (const waiting of this.queue.remove(() => true)) waiting.reject(this.refusal(cause, reason));
  }

  /** Counts one that does not run, and says why not. */
  refusal(cause: DropCause, message: string): ServingError {
    this.#deps.onDropped(cause);
    return new ServingError('unavailable', message);
  }
}

export function isAbandoned({ context }: Waiting): boolean {
  return context.signal?.aborted === true;
}
