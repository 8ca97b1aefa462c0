import { STORE_FAILURES, type StoreFailure } from '../cache/answer-store.ts';
import type { LeavingCause } from '../cache/lru-store.ts';
import { FAILURE_REASONS, type FailureReason, type ServingError } from '../errors.ts';
import { RELEASE_REASONS, type ReleaseReason } from '../execution/batch-policy.ts';
import type { Execution } from '../execution/batcher.ts';
import { DROP_CAUSES, type DropCause } from '../execution/waiting-requests.ts';
import type { InferTimings } from '../infer.ts';

/** Cumulative since the server's start. */
export interface Duration {
  count: number;
  ns: number;
}

/** Requests that a step ran for; of a model within an ensemble with the time of waiting for it. */
export interface StepStatistics {
  readonly success: Duration;
  readonly fail: Duration;
}

interface BatchSizeStatistics {
  readonly compute_input: Duration;
  readonly compute_infer: Duration;
  readonly compute_output: Duration;
}

/**
 * One model's counters, in the shape of the statistics extension. Identities that hold at every instant:
 *   arrivals = success.count + fail.count + requests being served
 *   sum over batch sizes of size x count = inferenceCount (rows), sum of count = executionCount
 *   sum of release = executionCount
 * Where there is a cache, every request that reached it is a hit, a miss or a join; only misses run.
 */
export class ModelStatistics {
  readonly success = zero();
  readonly fail = zero();
  readonly queue = zero();
  /** Stacking the rows and the way into the instance's thread and back. */
  readonly computeInput = zero();
  readonly computeInfer = zero();
  /** Encoding the answer. */
  readonly computeOutput = zero();
  /** Requests answered from the cache, with the time of looking. */
  readonly cacheHits = zero();
  /** Requests that were looked for in vain and then run, with the time of looking and of keeping the answer. */
  readonly cacheMisses = zero();
  /** Answers that left the cache, by why. */
  readonly cacheLeft: Record<LeavingCause, number> = { evicted: 0, expired: 0 };
  /** What a store outside this process was asked for and did not do, by why; never the failure of a request. */
  readonly cacheErrors = zeros<StoreFailure>(STORE_FAILURES);
  readonly batchSizes = new Map<number, BatchSizeStatistics>();
  readonly release = zeros<ReleaseReason>(RELEASE_REASONS);
  /** Requests that never ran, by why. */
  readonly dropped = zeros<DropCause>(DROP_CAUSES);
  /**
   * Copies that this version got of requests which others answered, by how they ended; skipped ones it did not get. They
   * are in the batches, in the cache's counts and in `dropped`, and neither arrivals nor successes nor failures.
   */
  readonly shadow = { copied: 0, ok: 0, failed: 0, skipped: 0 };
  readonly failures = zeros<FailureReason>(FAILURE_REASONS);
  /** By the label of each step of its pipeline, or each node of the ensemble. */
  readonly steps = new Map<string, StepStatistics>();
  arrivals = 0;
  /** Requests that got the answer, or the failure, of an equal one that was under way. */
  cacheJoins = 0;
  inferenceCount = 0;
  executionCount = 0;
  /** Rows added to batches to reach an allowed size; not in `inferenceCount`. */
  paddedRows = 0;
  /** Requests that waited too long and went behind the others of their priority. */
  deferred = 0;
  /** Instances that died, and starts after a death that failed. */
  instanceCrashes = 0;
  instanceRestarts = 0;
  /** Milliseconds since the epoch; 0 before the first. */
  lastInferenceAtEpochMs = 0;

  /** A request for this model has reached the server, whatever becomes of it. */
  arrived(): void {
    this.arrivals++;
  }

  executed(execution: Execution): void {
    this.executionCount++;
    this.inferenceCount += execution.rows;
    this.paddedRows += execution.paddedRows;
    this.release[execution.reason]++;
    const ofSize = this.#ofSize(execution.rows);
    add(ofSize.compute_input, execution.handoverNs);
    add(ofSize.compute_infer, execution.computeNs);
    add(ofSize.compute_output, 0);
    this.lastInferenceAtEpochMs = Date.now();
  }

  succeeded(timings: InferTimings, encodeNs: number, totalNs: number): void {
    add(this.success, totalNs);
    add(this.queue, timings.queueNs);
    if (timings.answeredBy !== 'model') return;
    add(this.computeInput, timings.handoverNs);
    add(this.computeInfer, timings.computeNs);
    add(this.computeOutput, encodeNs);
  }

  stepRan(label: string, ns: number, failed: boolean): void {
    const step = this.steps.get(label) ?? { success: zero(), fail: zero() };
    this.steps.set(label, step);
    add(failed ? step.fail : step.success, ns);
  }

  cacheHit(lookupNs: number): void {
    add(this.cacheHits, lookupNs);
  }

  cacheMissed(lookupNs: number): void {
    add(this.cacheMisses, lookupNs);
  }

  /** The answer to a miss was kept. */
  cacheInserted(insertNs: number): void {
    this.cacheMisses.ns += insertNs;
  }

  failed(error: ServingError, totalNs: number): void {
    add(this.fail, totalNs);
    this.failures[error.reason]++;
  }

  /** Batch sizes in ascending order. */
  batchSizesAscending(): readonly (readonly [number, BatchSizeStatistics])[] {
    return [...this.batchSizes].sort(([a], [b]) => a - b);
  }

  #ofSize(rows: number): BatchSizeStatistics {
    let found = this.batchSizes.get(rows);
    if (found === undefined) {
      found = { compute_input: zero(), compute_infer: zero(), compute_output: zero() };
      this.batchSizes.set(rows, found);
    }
    return found;
  }
}

function zero(): Duration {
  return { count: 0, ns: 0 };
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

function add(duration: Duration, ns: number): void {
  duration.count++;
  duration.ns += ns;
}
