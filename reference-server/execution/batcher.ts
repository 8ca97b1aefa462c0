import { asServingError, ServingError } from '../errors.ts';
import type { Infer, InferContext, InferRequest, InferResponse } from '../infer.ts';
import { type Clock, nsBetween } from '../telemetry/timings.ts';
import { type BatchPolicy, decideBatch, type ReleaseReason, type WaitingRequest } from './batch-policy.ts';
import { handoverNs, type PoolRun } from './instance-pool.ts';

export interface BatcherSettings extends BatchPolicy {
  /** Bound of the queue in rows; beyond it a request is refused. */
  readonly maxQueueRows: number;
}

/** What a batch is handed to: an instance pool, or a stand-in under test. */
export interface BatchRunner {
  freeSlots(): number;
  run(parts: readonly InferRequest[], rows: number): Promise<PoolRun>;
  failure(): string | undefined;
  onChange: () => void;
}

/** One batch that ran to its end. */
export interface Execution {
  readonly rows: number;
  readonly reason: ReleaseReason;
  readonly handoverNs: number;
  readonly computeNs: number;
}

export interface BatcherDeps {
  readonly runner: BatchRunner;
  readonly clock: Clock;
  /** The key under which requests may be stacked; the same for all where no dimension but the rows varies. */
  stackingKey(request: InferRequest): string;
  onExecution(execution: Execution): void;
}

interface Waiting extends WaitingRequest {
  readonly request: InferRequest;
  readonly context: InferContext;
  resolve(response: InferResponse): void;
  reject(error: ServingError): void;
}

/** Keeps the queue and does what the batch policy says, whenever something has changed. */
export class Batcher {
  readonly settings: BatcherSettings;
  readonly #deps: BatcherDeps;
  #waiting: Waiting[] = [];
  #waitingRows = 0;
  #cancelWakeUp: (() => void) | undefined;

  constructor(settings: BatcherSettings, deps: BatcherDeps) {
    this.settings = settings;
    this.#deps = deps;
    deps.runner.onChange = () => this.#act();
  }

  pending(): { readonly requests: number; readonly rows: number } {
    return { requests: this.#waiting.length, rows: this.#waitingRows };
  }

  readonly infer: Infer = (request, context) =>
    new Promise((resolve, reject) => {
      const refusal = this.#refusal(request);
      if (refusal !== undefined) return reject(refusal);
      this.#waiting.push({
        rows: request.rows,
        enqueuedAtMs: this.#deps.clock.nowMs(),
        stackingKey: this.#deps.stackingKey(request),
        request,
        context,
        resolve,
        reject,
      });
      this.#waitingRows += request.rows;
      this.#act();
    });

  /** Refuses whatever still waits. */
  close(reason: string): void {
    this.#cancelWakeUp?.();
    this.#refuseAll(reason);
  }

  #refusal(request: InferRequest): ServingError | undefined {
    const { maxRows, maxQueueRows } = this.settings;
    if (request.rows > maxRows) {
      return new ServingError(
        'invalid',
        `the request has ${request.rows} rows, at most ${maxRows} are allowed`,
      );
    }
    const failure = this.#deps.runner.failure();
    if (failure !== undefined) return noInstance(failure);
    if (this.#waitingRows + request.rows > maxQueueRows) this.#dropAbandoned();
    if (this.#waitingRows + request.rows <= maxQueueRows) return undefined;
    const found = `${this.#waitingRows} rows wait, ${request.rows} more would pass ${maxQueueRows}`;
    return new ServingError('unavailable', `Exceeds maximum queue size: ${found}`);
  }

  #act(): void {
    this.#cancelWakeUp?.();
    this.#cancelWakeUp = undefined;
    const failure = this.#deps.runner.failure();
    if (failure !== undefined) this.#refuseAll(noInstance(failure).message);

    while (this.#waiting.length > 0) {
      const freeSlots = this.#deps.runner.freeSlots();
      if (freeSlots > 0) this.#dropAbandoned();
      const decision = decideBatch(this.#waiting, this.settings, this.#deps.clock.nowMs(), freeSlots);
      if ('waitMs' in decision) {
        this.#wakeUpAfter(decision.waitMs);
        return;
      }
      this.#waitingRows -= decision.rows;
      void this.#run(this.#waiting.splice(0, decision.take), decision.rows, decision.reason);
    }
  }

  #wakeUpAfter(waitMs: number): void {
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#cancelWakeUp = this.#deps.clock.after(waitMs, () => this.#act());
  }

  async #run(batch: readonly Waiting[], rows: number, reason: ReleaseReason): Promise<void> {
    const parts = batch.map((waiting) => waiting.request);
    const outcome = await this.#deps.runner.run(parts, rows).catch(asServingError);
    // First the next batch, then the answers of this one: the instance must not wait while they are written.
    this.#act();
    if (outcome instanceof ServingError) {
      for (const waiting of batch) waiting.reject(outcome);
      return;
    }
    this.#deps.onExecution({
      rows,
      reason,
      handoverNs: handoverNs(outcome),
      computeNs: outcome.computeNs,
    });
    batch.forEach((waiting, index) => {
      answer(waiting, rows, outcome, index);
    });
  }

  /** Callers that have gone away are not worth an execution. */
  #dropAbandoned(): void {
    if (!this.#waiting.some(isAbandoned)) return;
    const abandoned = this.#waiting.filter(isAbandoned);
    this.#waiting = this.#waiting.filter((waiting) => !isAbandoned(waiting));
    for (const waiting of abandoned) {
      this.#waitingRows -= waiting.rows;
      waiting.reject(
        new ServingError('cancelled', 'the caller closed the connection before the request ran'),
      );
    }
  }

  #refuseAll(reason: string): void {
    const refused = this.#waiting;
    this.#waiting = [];
    this.#waitingRows = 0;
    for (const waiting of refused) waiting.reject(new ServingError('unavailable', reason));
  }
}

function isAbandoned(waiting: Waiting): boolean {
  return waiting.context.signal?.aborted === true;
}

function noInstance(failure: string): ServingError {
  return new ServingError('unavailable', `the model has no running instance: ${failure}`);
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
