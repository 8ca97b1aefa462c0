import { asServingError, ServingError } from '../errors.ts';
import type { Infer, InferContext, InferRequest, InferResponse } from '../infer.ts';
import { nsBetween } from '../telemetry/timings.ts';
import {
  allowedSize,
  type BatchPolicy,
  decideAmong,
  type ReleaseReason,
  type Slots,
} from './batch-policy.ts';
import { handoverNs, type PoolRun } from './instance-pool.ts';
import type { QueuePolicy } from './queue-policy.ts';
import { isAbandoned, type Waiting, type WaitingDeps, WaitingRequests } from './waiting-requests.ts';

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

export interface BatcherDeps extends WaitingDeps {
  readonly runner: BatchRunner;
  onExecution(execution: Execution): void;
}

/** Takes batches from those who wait and has them run, as the policy says, whenever something has changed. */
export class Batcher {
  readonly settings: BatcherSettings;
  readonly #deps: BatcherDeps;
  readonly #waiting: WaitingRequests;
  #actsSoon = false;
  #aloneCount = 0;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #cancelWakeUp: () => void = () => {};

  constructor(settings: BatcherSettings, deps: BatcherDeps) {
    this.settings = settings;
    this.#deps = deps;
    this.#waiting = new WaitingRequests(settings.queue, deps);
    deps.runner.onChange = () => this.#act();
  }

  pending(): { readonly requests: number; readonly rows: number } {
    return this.#waiting.queue;
  }

  /** Forgets: rows are copied into their batch, and who is answered neither waits nor runs any more. */
  readonly infer: Infer = Object.assign(
    (request: InferRequest, context: InferContext) => this.#answerTo(request, context),
    { forgets: true },
  );

  #answerTo(request: InferRequest, context: InferContext): Promise<InferResponse> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(request, context);
      if (refusal !== undefined) return reject(refusal);
      this.#waiting.add(request, context, resolve, reject);
      this.#actSoon();
    });
  }

  /** Refuses whatever still waits. */
  close(reason: string): void {
    this.#cancelWakeUp();
    this.#waiting.refuseAll('shutdown', reason);
  }

  #refusal({ rows }: InferRequest, context: InferContext): ServingError | undefined {
    const { maxRows } = this.settings;
    if (rows > maxRows) {
      return new ServingError('invalid', `the request has ${rows} rows, at most ${maxRows} are allowed`);
    }
    const failure = this.#deps.runner.failure();
    if (failure !== undefined) return this.#waiting.refusal('no-instance', noInstance(failure));
    if (this.#waiting.noRoom(rows, context) === undefined) return undefined;
    // There may be room beside those who left, or in a batch that was about to leave.
    this.#waiting.dropAbandoned('if-not-just-looked');
    this.#act();
    const full = this.#waiting.noRoom(rows, context);
    return full === undefined ? undefined : this.#waiting.refusal('queue-full', full);
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
    if (failure !== undefined) this.#waiting.refuseAll('no-instance', noInstance(failure));
    this.#waiting.expire();
    const waitMs = this.#releaseBatches();
    const nowMs = this.#deps.clock.nowMs();
    this.#wakeUpAt(Math.min(nowMs + waitMs, this.#waiting.queue.nextExpiryMs), nowMs);
  }

  /** As many as may leave now; answers how long the others wait. */
  #releaseBatches(): number {
    const { queue } = this.#waiting;
    while (queue.requests > 0) {
      const slots = this.#deps.runner.slots();
      if (slots.idle + slots.ahead < 1) break;
      const lines = queue.lines(this.settings.maxRows);
      const decision = decideAmong(lines, this.settings, this.#deps.clock.nowMs(), slots);
      if ('waitMs' in decision) return decision.waitMs;
      const { line, take, rows, reason } = decision;
      const leaving = line.front.slice(0, take);
      // Callers that have gone away are not worth an execution: without them another batch may be the right one.
      if (leaving.some(isAbandoned)) {
        this.#waiting.dropAbandoned('now');
      } else {
        queue.take(line.shape, take);
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
      this.#waiting.addAlone(waiting, `alone ${this.#aloneCount}`);
    }
    this.#act();
  }
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
