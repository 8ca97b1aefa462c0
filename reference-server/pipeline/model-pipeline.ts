import { invalid, StartupError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { Infer, InferResponse, Tensor } from '../infer.ts';
import type { DeclaredPipeline } from './declared-graph.ts';
import type { Graph, Work } from './graph.ts';
import { GraphRunner, type Observe } from './run-graph.ts';
import type { StepFiles } from './step.ts';
import { misfitOf, Wiring } from './wiring.ts';

/** What a pipeline stands around. */
export interface InnerModel {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly infer: Infer;
}

export interface PipelinedModel {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly infer: Infer;
}

/** The model with its steps before and after it. Throws a StartupError with everything that does not fit. */
export function pipelineAround(
  model: InnerModel,
  declared: DeclaredPipeline,
  files: StepFiles,
  observe: Observe,
): PipelinedModel {
  const { graph, problems } = wirePipeline(model, declared, files);
  if (problems.length > 0) {
    const found = `the pipeline of model '${model.name}' does not fit: ${problems.join('; ')}`;
    throw new StartupError(found, 'Each step takes what callers give, or what a step before it gives.', 3);
  }
  const runner = new GraphRunner(graph, observe);
  return {
    inputs: graph.inputs,
    outputs: graph.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    infer: (request, context) => runner.run(request, context),
  };
}

/** Pure. */
export function wirePipeline(
  model: InnerModel,
  declared: DeclaredPipeline,
  files: StepFiles,
): { readonly graph: Graph; readonly problems: readonly string[] } {
  const wiring = new Wiring(declared.inputs ?? model.inputs);
  for (const step of declared.before) wiring.addStep(step, files);
  wireModel(wiring, model);
  const given = new Set(model.outputs.map(({ name }) => name));
  for (const step of declared.after) {
    wiring.addStep(step, files);
    for (const name of step.to) given.add(name);
  }
  const outputs = (declared.outputs ?? [...given]).map((name) => ({ name }));
  return { graph: wiring.finish(outputs), problems: wiring.problems };
}

/** The label of the model within its own pipeline. */
export const MODEL_LABEL = 'model';

function wireModel(wiring: Wiring, model: InnerModel): void {
  const from = model.inputs.map(({ name }) => name);
  const to = model.outputs.map(({ name }) => name);
  if (!wiring.finds(from, model.inputs, 'the model', (_, { name }) => `the model's input '${name}'`)) {
    wiring.giveUp(to);
    return;
  }
  wiring.add({ name: MODEL_LABEL, from, to, gives: model.outputs, work: modelWork(model), waits: true });
}

function modelWork({ inputs: specs, outputs, infer }: InnerModel): Work {
  return async (tensors, { rows, parameters }, context) => {
    const inputs = tensors.map((tensor, at) => ({ ...tensor, name: specs[at]?.name ?? '' }));
    // A step may give a variable dimension where the model has a fixed one.
    for (const [at, spec] of specs.entries()) {
      const tensor = inputs[at];
      const misfit = tensor && misfitOf(tensor, spec);
      if (misfit !== undefined) throw invalid(`after the steps before the model '${spec.name}' ${misfit}`);
    }
    const asked = parameters === undefined ? {} : { parameters };
    const response = await infer({ inputs, rows, ...asked }, context);
    return outputs.map(({ name }) => outputNamed(response, name));
  };
}

function outputNamed({ outputs }: InferResponse, name: string): Tensor {
  const tensor = outputs.find((output) => output.name === name);
  if (tensor === undefined) throw new Error(`the model gave no output '${name}'`);
  return tensor;
}
