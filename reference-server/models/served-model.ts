import type { CacheState } from '../cache/answer-store.ts';
import { type CacheSettings, shownCache } from '../cache/cache-settings.ts';
import type { RedisLinks } from '../cache/redis-links.ts';
import { Batcher, type BatcherSettings } from '../execution/batcher.ts';
import type { Instance } from '../execution/instance.ts';
import type { InstanceOptions } from '../execution/instance-messages.ts';
import { InstancePool } from '../execution/instance-pool.ts';
import { placeModel } from '../execution/place-model.ts';
import type { Placement } from '../execution/placement.ts';
import type { Provider } from '../execution/providers.ts';
import type { TimeoutAction } from '../execution/queue-policy.ts';
import type { Infer } from '../infer.ts';
import type { ProviderSetting } from '../model-settings.ts';
import type { DeclaredEnsemble } from '../pipeline/declared-graph.ts';
import { type InnerModel, type PipelinedModel, pipelineAround } from '../pipeline/model-pipeline.ts';
import { batcherSettings } from '../scheduling.ts';
import { observeSteps } from '../telemetry/observe-steps.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import type { Clock } from '../telemetry/timings.ts';
import { type LimitsByInput, withinLimits } from './input-limits.ts';
import type { VersionPlan } from './model-plan.ts';
import {
  keysOfTheirOwn,
  type ModelSignature,
  ofUnchanged,
  signatureOf,
  stackingKeyOf,
} from './model-signature.ts';
import { openCache } from './open-cache.ts';
import { warmUp } from './warm-up.ts';
import { type ExampleInput, exampleInputs } from './zoo/zoo.ts';

/** The batcher's settings by the names that the configuration has for them. */
export interface EffectiveBatching {
  readonly maxRows: number;
  readonly maxDelayMs: number;
  readonly preferredRows: readonly number[];
  readonly allowedRows: readonly number[];
  readonly maxQueueRows: number;
  /** Of the default priority; 0: none. */
  readonly queueTimeoutMs: number;
  readonly queueTimeoutAction: TimeoutAction;
  readonly priorityLevels: number;
}

/** The settings that a model really runs with, read from the running objects. */
export interface EffectiveSettings extends EffectiveBatching {
  readonly inFlight: number;
  /** Whether requests of different callers may share a batch. */
  readonly sharesBatches: boolean;
  /** Instances that are running now. */
  readonly instances: number;
  readonly threads: number;
  readonly provider: ProviderSetting;
  readonly providerRan: Provider;
  readonly providerReason: string;
  readonly placement: Placement;
  readonly placementReason: string;
  readonly cache: CacheSettings;
  /** Of the pipeline around the model, in their order, by name; empty: there is none. */
  readonly stepsBefore: readonly string[];
  readonly stepsAfter: readonly string[];
}

/** A version of a model behind its batcher, and its cache if it has one, with everything that the routes ask about it. */
export interface ServedModel {
  readonly version: string;
  /** For outputs that are scores of classes, the name of each class. */
  readonly classLabels: Readonly<Record<string, readonly string[]>>;
  readonly signature: ModelSignature;
  /** By input: what an ordinary request holds, where names, datatypes and shapes do not tell. */
  readonly examples: Readonly<Record<string, ExampleInput>>;
  /** What inputs take beyond datatypes and shapes, where no step stands before them. */
  readonly limits: LimitsByInput;
  readonly infer: Infer;
  readonly statistics: ModelStatistics;
  /** Of an ensemble, what it is made of; it runs nothing itself. */
  readonly ensemble?: DeclaredEnsemble;
  /** Of an ensemble: one of its models takes or gives other tensors by now, so that it must be started anew. */
  outdated?(): boolean;
  /** Undefined for an ensemble. */
  effective(): EffectiveSettings | undefined;
  pending(): { readonly requests: number; readonly rows: number };
  /** How its cache stands; undefined where it has none. */
  cache(): CacheState | undefined;
  /** Forgets every answer that is kept, where it has a cache. */
  flushCache(): Promise<void>;
  instances(): { readonly running: number; readonly circuitsOpen: number };
  ready(): boolean;
  /** Refuses what still waits, finishes what runs, frees the model. */
  close(): Promise<void>;
}

export interface ServedModelDeps {
  readonly clock: Clock;
  /** Where answers are kept that several servers share. */
  readonly redis: RedisLinks;
  startInstance(options: InstanceOptions): Promise<Instance>;
  /** Path of the ONNX file that a model's source names; may have to build it first. */
  modelPath(source: string): Promise<string>;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
}

/** Starts one version of a model: resolves when every instance is warm. Rejects with why it cannot be served. */
export async function serveModel(
  plan: VersionPlan,
  statistics: ModelStatistics,
  deps: ServedModelDeps,
): Promise<ServedModel> {
  const { name, version, settings } = plan;
  const { maxRows, inFlight } = settings.batching;
  const { threads, provider, instances } = settings;
  const usualRows = [...settings.batching.allowedRows, ...settings.batching.preferredRows];
  const modelPath = await deps.modelPath(plan.source);
  const options = { modelPath, threads, provider, maxRows, usualRows };
  const placed = await placeModel(options, settings.placement, instances, deps);
  const pool = await InstancePool.start(
    { instances, inFlight },
    {
      async start() {
        const instance = await placed.start();
        await warmUp(instance, plan.warmUp).catch(async (error: unknown) => {
          await instance.close();
          throw error;
        });
        return instance;
      },
      clock: deps.clock,
      log: (event, detail) => deps.log(event, { model: name, version, ...detail }),
      onCrash: () => {
        statistics.instanceCrashes++;
      },
      onRestart: () => {
        statistics.instanceRestarts++;
      },
    },
  );
  const signature = signatureOf(
    name,
    plan.tensors?.inputs ?? pool.inputs,
    plan.tensors?.outputs ?? pool.outputs,
    maxRows,
  );
  const batcher = new Batcher(batcherSettings(settings.batching, settings.queue), {
    runner: pool,
    clock: deps.clock,
    stackingKey: plan.sharesBatches ? stackingKeyOf(signature) : keysOfTheirOwn(),
    onExecution: (execution) => statistics.executed(execution),
    onDropped: (cause) => {
      statistics.dropped[cause]++;
    },
    onDeferred: () => {
      statistics.deferred++;
    },
  });
  const limits = plan.limits ?? {};
  const served = await orClose(pool, () =>
    withSteps(plan, { ...signature, infer: withinLimits(batcher.infer, limits) }, statistics, deps),
  );
  const { clock, redis } = deps;
  const cache = await openCache(plan, served.infer, { clock, statistics, redis, modelPath });
  return {
    version,
    classLabels: ofUnchanged(plan.classLabels, signature.outputs, served.outputs),
    signature: { ...signature, inputs: served.inputs, outputs: served.outputs },
    examples: ofUnchanged(exampleInputs(plan.source), signature.inputs, served.inputs),
    limits: plan.pipeline === undefined ? limits : {},
    infer: cache?.infer ?? served.infer,
    statistics,
    effective: () => ({
      ...effectiveBatching(batcher.settings),
      inFlight: pool.settings.inFlight,
      sharesBatches: plan.sharesBatches,
      instances: pool.running,
      threads: options.threads,
      provider: options.provider,
      providerRan: pool.providerRan,
      providerReason: pool.providerReason,
      placement: placed.placement,
      placementReason: placed.reason,
      cache: shownCache(settings.cache),
      stepsBefore: (plan.pipeline?.before ?? []).map(({ step }) => step),
      stepsAfter: (plan.pipeline?.after ?? []).map(({ step }) => step),
    }),
    pending: () => batcher.pending(),
    cache: () => cache?.state(),
    flushCache: async () => cache?.flush(),
    instances: () => ({ running: pool.running, circuitsOpen: pool.circuitsOpen }),
    ready: () => pool.running > 0,
    async close() {
      batcher.close(`version ${version} of model '${name}' is being unloaded`);
      await pool.close();
    },
  };
}

function withSteps(
  { pipeline, files }: VersionPlan,
  model: InnerModel,
  statistics: ModelStatistics,
  { clock }: ServedModelDeps,
): PipelinedModel {
  if (pipeline === undefined) return model;
  return pipelineAround(model, pipeline, files ?? {}, observeSteps(statistics, clock));
}

/** What cannot be wired leaves no instance behind. */
async function orClose<Made>(pool: InstancePool, make: () => Made): Promise<Made> {
  try {
    return make();
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function effectiveBatching({ queue, ...batches }: BatcherSettings): EffectiveBatching {
  const level = queue.levels[queue.defaultLevel - 1];
  const timeoutMs = level?.timeoutMs ?? Number.POSITIVE_INFINITY;
  return {
    ...batches,
    maxQueueRows: queue.maxRows,
    queueTimeoutMs: timeoutMs === Number.POSITIVE_INFINITY ? 0 : timeoutMs,
    queueTimeoutAction: level?.timeoutAction ?? 'reject',
    priorityLevels: queue.levels.length,
  };
}
