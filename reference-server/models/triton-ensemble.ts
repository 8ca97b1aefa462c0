import type { TensorSpec } from '../execution/tensors.ts';
import type { DeclaredEnsemble, DeclaredModel } from '../pipeline/declared-graph.ts';
import type { DeclaredTensor } from './model-file.ts';
import type { Notes } from './triton-execution.ts';
import type { Message } from './triton-message.ts';

/** Fields that say how a model is run, which is said at the models of an ensemble. */
const OF_THE_MODELS = ['instance_group', 'dynamic_batching', 'default_model_filename', 'model_warmup'];

/** What `ensemble_scheduling` says: the steps are models, wired by the names of the ensemble's own tensors. */
export function tritonEnsemble(
  config: Message,
  tensors: { readonly inputs: readonly DeclaredTensor[]; readonly outputs: readonly DeclaredTensor[] },
  notes: Notes,
): DeclaredEnsemble | undefined {
  const [scheduling] = config.messages('ensemble_scheduling');
  if (scheduling === undefined) return undefined;
  notes.ignored(
    scheduling.others(['step'], ['max_inflight_requests']).map((field) => `ensemble_scheduling.${field}`),
  );
  for (const field of OF_THE_MODELS) {
    const line = config.lineOf(field);
    if (config.names().some(({ name }) => name === field)) {
      notes.problem(`${field}: an ensemble runs nothing itself, say it for its models`, line);
    }
  }
  const steps = scheduling.messages('step');
  if (steps.length === 0) notes.problem('ensemble_scheduling.step: there is none', scheduling.line);
  if (tensors.inputs.length === 0 || tensors.outputs.length === 0) {
    notes.problem('ensemble_scheduling: an ensemble must declare its input and output', scheduling.line);
  }
  const maxRows = config.integer('max_batch_size', 0) ?? 0;
  return {
    inputs: tensors.inputs.flatMap((declared) => inputOf(declared, config, notes)),
    outputs: tensors.outputs.map(({ labelFile: _, ...declared }) => declared),
    nodes: steps.map((step) => nodeOf(step, notes)),
    ...(maxRows === 0 ? {} : { maxRows }),
  };
}

function inputOf({ name, datatype, shape }: DeclaredTensor, config: Message, notes: Notes): TensorSpec[] {
  if (datatype !== undefined && shape !== undefined) return [{ name, datatype, shape }];
  notes.problem(`input '${name}': an ensemble needs its data_type and dims`, config.lineOf('input'));
  return [];
}

function nodeOf(step: Message, notes: Notes): DeclaredModel {
  const others = step.others(['model_name', 'model_version', 'input_map', 'output_map'], ['model_namespace']);
  notes.ignored(others.map((field) => `ensemble_scheduling.step.${field}`));
  const model = step.text('model_name') ?? '';
  if (model === '') notes.problem('ensemble_scheduling.step.model_name: is missing', step.line);
  // -1, and none, is the one that requests without a version get.
  const version = step.integer('model_version', -1) ?? -1;
  const node = { model, inputs: step.texts('input_map'), outputs: step.texts('output_map') };
  return version < 0 ? node : { ...node, version: String(version) };
}
