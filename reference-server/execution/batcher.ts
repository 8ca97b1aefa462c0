import { asServingError, ServingError } from '../errors.ts';
import type { Infer, InferContext, InferRequest, InferResponse } from '../infer.ts';
import { type Clock, nsBetween } from '../telemetry/timings.ts';
import {
  allowedSize,
  type BatchPolicy,
  decideAmong,
  type ReleaseReason,
  type Slots,
} from './batch-policy.ts';
import { handoverNs, type PoolRun } from './instance-pool.ts';
import { expiryOf, levelOf, noRoom, type QueuePolicy } from './queue-policy.ts';
import { type QueuedRequest, RequestQueue } from './request-queue.ts';

export interface BatcherSettings extends BatchPolicy {
  readonly queue: QueuePolicy;
  /** Sizes in which batches run, ascending, the last being maxRows: smaller ones are padded. Empty: any size. */
  readonly allowedRows: readonly number[];
}

/** What a batch is handed to: an instance pool, or a stand-in under test. */
export interface BatchRunner {
  slots(): Slots;
  /** `size` is at least `rows`; what is between them is padding. */
  run(parts: readonly InferRequest[], rows: number, size: number): Promise<PoolRun>;
  failure(): string | undefined;
  onChange: () => void;
}

/** One batch that ran to its end. */
export interface Execution {
  /** Of requests. */
  readonly rows: number;
  /** Added to reach an allowed size. */
  readonly paddedRows: number;
  readonly reason: ReleaseReason;
  readonly handoverNs: number;
  readonly computeNs: number;
}

/** Why a request never ran: no room for it, too long in the queue, its caller gone, nothing to run it, or shutdown. */
export const DROP_CAUSES = ['queue-full', 'timeout', 'cancelled', 'no-instance', 'shutdown'] as const;
export type DropCause = (typeof DROP_CAUSES)[number];

export interface BatcherDeps {
  readonly runner: BatchRunner;
  readonly clock: Clock;
  /** The key under which requests may be stacked; the same for all where no dimension but the rows varies. */
  stackingKey(request: InferRequest): string;
  onExecution(execution: Execution): void;
  onDropped(cause: DropCause): void;
  /** A request has waited too long and goes behind the others of its level. */
  onDeferred(): void;
}

interface Waiting extends QueuedRequest {
  readonly request: InferRequest;
  readonly context: InferContext;
  resolve(response: InferResponse): void;
  reject(error: ServingError): void;
}

/** Keeps the queue and does what the policies say, whenever something has changed. */
export class Batcher {
  readonly settings: BatcherSettings;
  readonly #deps: BatcherDeps;
  readonly #queue = new RequestQueue<Waiting>();
  #actsSoon = false;
  #aloneCount = 0;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #cancelWakeUp: () => void = () => {};

  constructor(settings: BatcherSettings, deps: BatcherDeps) {
    this.settings = settings;
    this.#deps = deps;
    deps.runner.onChange = () => this.#act();
  }

  pending(): { readonly requests: number; readonly rows: number } {
    return this.#queue;
  }

  readonly infer: Infer = (request, context) =>
    new Promise((resolve, reject) => {
      const { queue } = this.settings;
      const wish = context.queue ?? {};
      const level = levelOf(wish, queue);
      const refusal = this.#refusal(request, level);
      if (refusal !== undefined) return reject(refusal);
      const enqueuedAtMs = this.#deps.clock.nowMs();
      const levelPolicy = queue.levels[level - 1];
      this.#queue.add({
        rows: request.rows,
        enqueuedAtMs,
        shape: this.#deps.stackingKey(request),
        level,
        expiresAtMs: levelPolicy ? expiryOf(wish, levelPolicy, enqueuedAtMs) : Number.POSITIVE_INFINITY,
        onExpiry: levelPolicy?.timeoutAction ?? 'reject',
        request,
        context,
        resolve,
        reject,
      });
      this.#actSoon();
    });

  /** Refuses whatever still waits. */
  close(reason: string): void {
    this.#cancelWakeUp();
    this.#refuseAll('shutdown', reason);
  }

  #refusal(request: InferRequest, level: number): ServingError | undefined {
    const { maxRows, queue } = this.settings;
    if (request.rows > maxRows) {
      return new ServingError(
        'invalid',
        `the request has ${request.rows} rows, at most ${maxRows} are allowed`,
      );
    }
    const failure = this.#deps.runner.failure();
    if (failure !== undefined) return this.#dropped('no-instance', noInstance(failure));
    if (noRoom(request.rows, level, this.#queue, queue) === undefined) return undefined;
    // There may be room beside those who left, or in a batch that was about to leave.
    this.#dropAbandoned(this.#queue.remove(isAbandoned));
    this.#act();
    const full = noRoom(request.rows, level, this.#queue, queue);
    return full === undefined ? undefined : this.#dropped('queue-full', full);
  }

  /** All that arrives in one turn of the event loop is looked at together: the first need not leave alone. */
  #actSoon(): void {
    if (this.#actsSoon) return;
    this.#actsSoon = true;
    this.#deps.clock.soon(() => {
      this.#actsSoon = false;
      this.#act();
    });
  }

  #act(): void {
    const failure = this.#deps.runner.failure();
    if (failure !== undefined) this.#refuseAll('no-instance', noInstance(failure));
    this.#expire();
    const waitMs = this.#releaseBatches();
    const nowMs = this.#deps.clock.nowMs();
    this.#wakeUpAt(Math.min(nowMs + waitMs, this.#queue.nextExpiryMs), nowMs);
  }

  #expire(): void {
    const { rejected, deferred } = this.#queue.expire(this.#deps.clock.nowMs());
    for (const waiting of rejected) waiting.reject(this.#dropped('timeout', 'Request timeout expired'));
    for (const _ of deferred) this.#deps.onDeferred();
  }

  /** As many as may leave now; answers how long the others wait. */
  #releaseBatches(): number {
    while (this.#queue.requests > 0) {
      const slots = this.#deps.runner.slots();
      if (slots.idle + slots.ahead < 1) break;
      const lines = this.#queue.lines(this.settings.maxRows);
      const decision = decideAmong(lines, this.settings, this.#deps.clock.nowMs(), slots);
      if ('waitMs' in decision) return decision.waitMs;
      const { line, take, rows, reason } = decision;
      const leaving = line.front.slice(0, take);
      // Callers that have gone away are not worth an execution: without them another batch may be the right one.
      if (leaving.some(isAbandoned)) {
        this.#dropAbandoned(this.#queue.remove(isAbandoned));
      } else {
        this.#queue.take(line.shape, take);
        void this.#run(leaving, rows, reason);
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  #wakeUpAt(atMs: number, nowMs: number): void {
    if (atMs === this.#wakesAtMs) return;
    this.#cancelWakeUp();
    this.#wakesAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#cancelWakeUp = this.#deps.clock.after(atMs - nowMs, () => {
      this.#wakesAtMs = Number.POSITIVE_INFINITY;
      this.#act();
    });
  }

  async #run(batch: readonly Waiting[], rows: number, reason: ReleaseReason): Promise<void> {
    const size = allowedSize(rows, this.settings.allowedRows);
    const parts = batch.map((waiting) => waiting.request);
    const outcome = await this.#deps.runner.run(parts, rows, size).catch(asServingError);
    // First the next batch, then the answers of this one: the instance must not wait while they are written.
    this.#act();
    if (outcome instanceof ServingError) return this.#failed(batch, outcome);
    this.#deps.onExecution({
      rows,
      paddedRows: size - rows,
      reason,
      handoverNs: handoverNs(outcome),
      computeNs: outcome.computeNs,
    });
    batch.forEach((waiting, index) => {
      answer(waiting, rows, outcome, index);
    });
  }

  /**
   * One request may hold values that the model cannot take, and its companions must not pay for them: each runs again
   * alone, in a line that it shares with nobody; its turn had come in time. A dead instance says nothing of any request.
   */
  #failed(batch: readonly Waiting[], error: ServingError): void {
    if (batch.length === 1 || error.kind !== 'internal') {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    for (const waiting of batch) {
      this.#aloneCount += 1;
      const shape = `alone ${this.#aloneCount}`;
      this.#queue.add({ ...waiting, shape, expiresAtMs: Number.POSITIVE_INFINITY });
    }
    this.#act();
  }

  #dropAbandoned(abandoned: readonly Waiting[]): void {
    for (const waiting of abandoned) {
      this.#deps.onDropped('cancelled');
      waiting.reject(
        new ServingError('cancelled', 'the caller closed the connection before the request ran'),
      );
    }
  }

  #refuseAll(cause: DropCause, reason: string): void {
    for (const waiting of this.#queue.remove(() => true)) waiting.reject(this.#dropped(cause, reason));
  }

  #dropped(cause: DropCause, message: string): ServingError {
    this.#deps.onDropped(cause);
    return new ServingError('unavailable', message);
  }
}

function isAbandoned(waiting: Waiting): boolean {
  return waiting.context.signal?.aborted === true;
}

function noInstance(failure: string): string {
  return `the model has no running instance: ${failure}`;
}

function answer(waiting: Waiting, batchRows: number, run: PoolRun, index: number): void {
  const { timings } = waiting.context;
  timings.queueNs = nsBetween(waiting.enqueuedAtMs, run.startedAtMs);
  timings.handoverNs = handoverNs(run);
  timings.computeNs = run.computeNs;
  timings.batchRows = batchRows;
  const outputs = run.outputs[index];
  if (outputs === undefined) waiting.reject(new ServingError('internal', 'the model gave no answer'));
  else waiting.resolve({ outputs });
}
