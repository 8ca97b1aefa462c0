import { Counter, Histogram, Registry } from 'prom-client';
import { STORE_FAILURES } from '../cache/answer-store.ts';
import { FAILURE_REASONS } from '../errors.ts';
import { RELEASE_REASONS } from '../execution/batch-policy.ts';
import { DROP_CAUSES } from '../execution/waiting-requests.ts';
import type { ServedModel } from '../models/served-model.ts';
import { type DoorCounts, REFUSALS } from '../operations/door-counts.ts';
import type { Duration, ModelStatistics } from '../telemetry/statistics.ts';
import { addGauges, labelsOf, type ModelsNow } from './gauges.ts';
import { addStepMetrics } from './step-metrics.ts';

/** Upper edges in milliseconds; Triton's defaults start at 100 ms, too coarse for what small models take. */
const BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** The Prometheus page. Counters are read from the statistics at every scrape: one source for both. */
export interface Metrics {
  /** Records a successful request's duration. */
  answered(model: ServedModel, durationMs: number): void;
  page(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function buildMetrics(repository: ModelsNow, doors: DoorCounts): Metrics {
  const registry = new Registry();
  for (const [name, help, read] of COUNTERS) addCounter(registry, repository, name, help, read);
  addLabelled(
    registry,
    repository,
    'nv_inference_request_failure',
    'Failed requests by reason',
    FAILURE_REASONS,
    (statistics) => statistics.failures,
  );
  addLabelled(
    registry,
    repository,
    'inferometer_batch_release_total',
    'Executed batches by why they left the queue: full, a preferred size, delay over, or an idle instance',
    RELEASE_REASONS,
    (statistics) => statistics.release,
  );
  addLabelled(
    registry,
    repository,
    'inferometer_dropped_total',
    'Requests that never ran, by why: no room in the queue, waited too long, caller gone, no instance, shutdown',
    DROP_CAUSES,
    (statistics) => statistics.dropped,
  );
  addLabelled(
    registry,
    repository,
    'inferometer_cache_errors_total',
    'What the Redis of the cache was asked for and did not do: down, too slow, refused, or not an answer of ours',
    STORE_FAILURES,
    (statistics) => statistics.cacheErrors,
  );
  addLabelled(
    registry,
    repository,
    'inferometer_shadow_total',
    'Copies that a version got of requests which others answered: ok, failed, or skipped for want of room',
    ['ok', 'failed', 'skipped'],
    (statistics) => statistics.shadow,
  );
  addStepMetrics(registry, repository);
  addRefusals(registry, doors);
  addGauges(registry, repository);
  const histogram = new Histogram({
    name: 'nv_inference_first_response_histogram_ms',
    help: 'Duration of successful requests inside the server, in milliseconds',
    labelNames: ['model', 'version'],
    buckets: BUCKETS_MS,
    registers: [registry],
  });
  const observers = new WeakMap<ServedModel, Histogram.Internal<string>>();
  const observerOf = (model: ServedModel) => {
    const observer = observers.get(model) ?? histogram.labels(labelsOf(model));
    observers.set(model, observer);
    return observer;
  };
  return {
    answered: (model, durationMs) => observerOf(model).observe(durationMs),
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

const microseconds = (duration: Duration) => Math.round(duration.ns / 1000);

const COUNTERS: readonly (readonly [
  name: string,
  help: string,
  read: (statistics: ModelStatistics) => number,
])[] = [
  ['nv_inference_request_success', 'Successful requests', (s) => s.success.count],
  ['nv_inference_count', 'Rows executed', (s) => s.inferenceCount],
  ['nv_inference_exec_count', 'Batches executed', (s) => s.executionCount],
  [
    'nv_inference_request_duration_us',
    'Successful requests, cumulative time',
    (s) => microseconds(s.success),
  ],
  ['nv_inference_queue_duration_us', 'Cumulative time in the queue', (s) => microseconds(s.queue)],
  [
    'nv_inference_compute_input_duration_us',
    'Cumulative time of stacking and handing over',
    (s) => microseconds(s.computeInput),
  ],
  [
    'nv_inference_compute_infer_duration_us',
    'Cumulative time of the model',
    (s) => microseconds(s.computeInfer),
  ],
  [
    'nv_inference_compute_output_duration_us',
    'Cumulative time of encoding the answers',
    (s) => microseconds(s.computeOutput),
  ],
  ['nv_cache_num_hits_per_model', 'Requests answered from the cache', (s) => s.cacheHits.count],
  ['nv_cache_num_misses_per_model', 'Requests not found in the cache, and run', (s) => s.cacheMisses.count],
  [
    'nv_cache_hit_duration_per_model',
    'Cumulative time of looking for answers that were found, in microseconds',
    (s) => microseconds(s.cacheHits),
  ],
  [
    'nv_cache_miss_duration_per_model',
    'Cumulative time of looking for answers in vain and of keeping them, in microseconds',
    (s) => microseconds(s.cacheMisses),
  ],
  [
    'nv_cache_num_lookups',
    'Requests that were looked for in the cache',
    (s) => s.cacheHits.count + s.cacheMisses.count + s.cacheJoins,
  ],
  ['nv_cache_num_evictions', 'Answers that left the cache for want of room', (s) => s.cacheLeft.evicted],
  [
    'inferometer_cache_expired_total',
    'Answers that left the cache for their age',
    (s) => s.cacheLeft.expired,
  ],
  [
    'inferometer_cache_joins_total',
    'Requests answered by the run of an equal one that was under way',
    (s) => s.cacheJoins,
  ],
  ['inferometer_arrivals_total', 'Infer requests that arrived, refused ones included', (s) => s.arrivals],
  ['inferometer_padded_rows_total', 'Rows added to batches to reach an allowed size', (s) => s.paddedRows],
  [
    'inferometer_deferred_total',
    'Requests that waited too long and went behind the others of their priority',
    (s) => s.deferred,
  ],
  [
    'inferometer_instance_crashes_total',
    'Instances that died or failed to restart',
    (s) => s.instanceCrashes,
  ],
  ['inferometer_instance_restarts_total', 'Instances started again', (s) => s.instanceRestarts],
];

function addCounter(
  registry: Registry,
  repository: ModelsNow,
  name: string,
  help: string,
  read: (statistics: ModelStatistics) => number,
): void {
  new Counter({
    name,
    help,
    labelNames: ['model', 'version'],
    registers: [registry],
    collect() {
      this.reset();
      for (const model of repository.all()) this.inc(labelsOf(model), read(model.statistics));
    },
  });
}

function addRefusals(registry: Registry, doors: DoorCounts): void {
  new Counter({
    name: 'inferometer_refused_total',
    help: 'Callers that the doors sent away, by why: tokens, limits, or too slow to send or to read',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const reason of REFUSALS) this.inc({ reason }, doors[reason]);
    },
  });
}

function addLabelled<Reason extends string>(
  registry: Registry,
  repository: ModelsNow,
  name: string,
  help: string,
  reasons: readonly Reason[],
  read: (statistics: ModelStatistics) => Readonly<Record<Reason, number>>,
): void {
  new Counter({
    name,
    help,
    labelNames: ['model', 'version', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const model of repository.all()) {
        const counts = read(model.statistics);
        for (const reason of reasons) this.inc({ ...labelsOf(model), reason }, counts[reason]);
      }
    },
  });
}
