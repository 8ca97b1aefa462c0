import type { TensorSpec } from '../execution/tensors.ts';
import type { InputLimits } from '../models/input-limits.ts';
import type { ModelPlan } from '../models/model-plan.ts';
import type { VersionCounters } from '../models/repository-entry.ts';
import type { EffectiveBatching, ServedModel } from '../models/served-model.ts';
import type { VersionPolicy } from '../models/version-policy.ts';
import type { ExampleInput } from '../models/zoo/zoo.ts';
import type { RoutingSettings } from '../routing/routing-settings.ts';

/** The JSON documents about a model; field names as the Open Inference Protocol and its extensions have them. */
export function modelMetadata(
  {
    signature,
    examples,
    limits,
    ensemble,
  }: Pick<ServedModel, 'signature' | 'examples' | 'limits' | 'ensemble'>,
  versions: readonly string[],
) {
  return {
    name: signature.name,
    versions,
    platform: ensemble === undefined ? 'onnxruntime_onnx' : 'ensemble',
    inputs: signature.inputs.map((input) => ({
      ...tensorMetadata(input),
      ...parametersOf({ ...exampleParameters(examples[input.name]), ...limitParameters(limits[input.name]) }),
    })),
    outputs: signature.outputs.map(tensorMetadata),
  };
}

/**
 * The model configuration extension; `inferometer` holds the settings read from the running objects, and the fields of
 * the model's own configuration that nothing follows from.
 */
export function modelConfig(model: ServedModel, plan: ModelPlan | undefined, routing: RoutingSettings) {
  const { ensemble } = model;
  const effective = model.effective();
  if (ensemble !== undefined || effective === undefined) return ensembleConfig(model, plan);
  const { name, inputs, outputs, maxRows } = model.signature;
  const batched = maxRows > 1 && effective.sharesBatches;
  const dynamicBatching = {
    ...(effective.preferredRows.length === 0 ? {} : { preferred_batch_size: effective.preferredRows }),
    max_queue_delay_microseconds: Math.round(effective.maxDelayMs * 1000),
    ...queuePolicyOf(effective),
  };
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: policyOf(plan?.versionPolicy ?? { latest: 1 }),
    max_batch_size: maxRows,
    input: inputs.map(tensorConfig),
    output: outputs.map(tensorConfig),
    instance_group: [
      {
        name: `${name}_0`,
        kind: effective.providerRan === 'cpu' ? 'KIND_CPU' : 'KIND_GPU',
        count: effective.instances,
      },
    ],
    ...(batched ? { dynamic_batching: dynamicBatching } : {}),
    ...(effective.cache.kind === 'off' ? {} : { response_cache: { enable: true } }),
    inferometer: { ...effective, versions: plan?.available, routing, notHonoured: plan?.notHonoured ?? [] },
  };
}

/** Its steps are no models, so that Triton's document has no place for them: they stand in ours. */
function ensembleConfig({ signature, ensemble }: ServedModel, plan: ModelPlan | undefined) {
  const nodes = ensemble?.nodes ?? [];
  const step = nodes.flatMap((node) =>
    'model' in node
      ? [
          {
            model_name: node.model,
            model_version: /^\d+$/.test(node.version ?? '') ? Number(node.version) : -1,
            input_map: node.inputs,
            output_map: node.outputs,
          },
        ]
      : [],
  );
  return {
    name: signature.name,
    platform: 'ensemble',
    version_policy: policyOf(plan?.versionPolicy ?? { latest: 1 }),
    max_batch_size: signature.maxRows,
    input: signature.inputs.map(tensorConfig),
    output: signature.outputs.map(tensorConfig),
    ensemble_scheduling: { step },
    inferometer: { nodes, notHonoured: plan?.notHonoured ?? [] },
  };
}

function policyOf(policy: VersionPolicy) {
  if (policy === 'all') return { all: {} };
  if ('latest' in policy) return { latest: { num_versions: policy.latest } };
  return { specific: { versions: policy.specific.map(Number) } };
}

/** By Triton's names; nothing where the queue has neither timeout nor priorities. */
function queuePolicyOf({ queueTimeoutMs, queueTimeoutAction, priorityLevels }: EffectiveBatching) {
  return {
    ...(priorityLevels === 1 ? {} : { priority_levels: priorityLevels }),
    ...(queueTimeoutMs === 0
      ? {}
      : {
          default_queue_policy: {
            timeout_action: queueTimeoutAction === 'defer' ? 'DELAY' : 'REJECT',
            default_timeout_microseconds: Math.round(queueTimeoutMs * 1000),
          },
        }),
  };
}

/** One item of the statistics extension's `model_stats`; `inferometer` holds what the extension has no name for. */
export function modelStatistics({ signature, version, statistics }: VersionCounters) {
  return {
    name: signature.name,
    version,
    last_inference: statistics.lastInferenceAtEpochMs,
    inference_count: statistics.inferenceCount,
    execution_count: statistics.executionCount,
    inference_stats: {
      success: statistics.success,
      fail: statistics.fail,
      queue: statistics.queue,
      compute_input: statistics.computeInput,
      compute_infer: statistics.computeInfer,
      compute_output: statistics.computeOutput,
      cache_hit: statistics.cacheHits,
      cache_miss: statistics.cacheMisses,
    },
    response_stats: {},
    batch_stats: statistics
      .batchSizesAscending()
      .map(([batch_size, durations]) => ({ batch_size, ...durations })),
    memory_usage: [],
    inferometer: {
      arrivals: statistics.arrivals,
      rejected: statistics.failures.REJECTED,
      padded_rows: statistics.paddedRows,
      release: statistics.release,
      dropped: statistics.dropped,
      deferred: statistics.deferred,
      shadow: statistics.shadow,
      cache_joins: statistics.cacheJoins,
      cache_left: statistics.cacheLeft,
      cache_errors: statistics.cacheErrors,
      instance_crashes: statistics.instanceCrashes,
      instance_restarts: statistics.instanceRestarts,
      steps: Object.fromEntries(statistics.steps),
    },
  };
}

/** Parameters of an input, as MLServer's metadata has them; their names are ours, and all of them are texts. */
function parametersOf(parameters: Readonly<Record<string, string>>) {
  return Object.keys(parameters).length === 0 ? {} : { parameters };
}

function exampleParameters(example: ExampleInput | undefined) {
  return example && { example_values: example.values, example_shape: example.shape.join(',') };
}

function limitParameters({ min, max, maxShape, sameShapeAs }: InputLimits = {}) {
  return {
    ...(min === undefined ? {} : { min: String(min) }),
    ...(max === undefined ? {} : { max: String(max) }),
    ...(maxShape === undefined ? {} : { max_shape: maxShape.join(',') }),
    ...(sameShapeAs === undefined ? {} : { same_shape_as: sameShapeAs }),
  };
}

function tensorMetadata({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape };
}

/** Dimensions without the rows. */
function tensorConfig({ name, datatype, shape }: TensorSpec) {
  return { name, data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`, dims: shape.slice(1) };
}
