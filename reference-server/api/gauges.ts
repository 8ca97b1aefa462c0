import { Gauge, type Registry } from 'prom-client';
import type { CacheState } from '../cache/answer-store.ts';
import type { ServedModel } from '../models/served-model.ts';

/** The models that run when this is called: each scrape shows those. */
export interface ModelsNow {
  all(): readonly ServedModel[];
}

/** Undefined: this model has no such thing. */
type ReadGauge = (model: ServedModel) => number | undefined;

const GAUGES: readonly (readonly [name: string, help: string, read: ReadGauge])[] = [
  [
    'nv_inference_pending_request_count',
    'Requests that wait in the queue',
    (model) => model.pending().requests,
  ],
  ['inferometer_queue_rows', 'Rows that wait in the queue', (model) => model.pending().rows],
  ['inferometer_instances_running', 'Instances that run', (model) => model.instances().running],
  [
    'inferometer_circuits_open',
    'Instances that crashed so often that they are left alone for a while',
    (model) => model.instances().circuitsOpen,
  ],
  ['nv_cache_num_entries', 'Answers in the cache', (model) => ofLocal(model.cache())?.entries],
  ['nv_cache_util', 'Part of the cache in use, 0 to 1', (model) => utilisation(model.cache())],
  [
    'inferometer_cache_reachable',
    'Whether the Redis of the cache answers, 1 or 0',
    (model) => reachable(model.cache()),
  ],
];

export function addGauges(registry: Registry, repository: ModelsNow): void {
  for (const [name, help, read] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: ['model', 'version'],
      registers: [registry],
      collect() {
        this.reset();
        for (const model of repository.all()) {
          const value = read(model);
          if (value !== undefined) this.set(labelsOf(model), value);
        }
      },
    });
  }
}

function ofLocal(cache: CacheState | undefined) {
  return cache?.kind === 'local' ? cache : undefined;
}

function utilisation(cache: CacheState | undefined): number | undefined {
  const local = ofLocal(cache);
  return local && local.bytes / local.maxBytes;
}

function reachable(cache: CacheState | undefined): number | undefined {
  return cache?.kind === 'redis' ? Number(cache.reachable) : undefined;
}

export function labelsOf(model: ServedModel) {
  return { model: model.signature.name, version: model.version };
}
