import { invalid, ServingError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { InferResponse, Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { classesAsked, classified } from './classification.ts';

/** An output that the caller wants. */
export interface ChosenOutput {
  readonly name: string;
  /** So many of the highest scores as texts, in place of the tensor. */
  readonly classes?: number;
}

/** Names of classes by output. */
export type ClassLabels = Readonly<Record<string, readonly string[]>>;

/** From whichever door; throws an `invalid` or `unsupported` ServingError. */
export function chosenOutput(
  name: unknown,
  parameters: Readonly<Record<string, unknown>>,
  signature: ModelSignature,
): ChosenOutput {
  const spec = outputSpec(name, signature);
  if ('shared_memory_region' in parameters) {
    throw new ServingError('unsupported', `output '${spec.name}': shared memory is not supported`);
  }
  const { classification } = parameters;
  if (classification === undefined) return { name: spec.name };
  return { name: spec.name, classes: classesAsked(classification, spec) };
}

/** What a choice gets of an answer. */
export function chosenTensor(
  response: InferResponse,
  { name, classes }: ChosenOutput,
  labels: ClassLabels,
): Tensor {
  const tensor = response.outputs.find((output) => output.name === name);
  if (tensor === undefined) throw new ServingError('internal', `the model gave no output '${name}'`);
  return classes === undefined ? tensor : classified(tensor, classes, labels[name]);
}

function outputSpec(name: unknown, signature: ModelSignature): TensorSpec {
  const spec = signature.outputs.find((output) => output.name === name);
  if (spec !== undefined) return spec;
  const known = signature.outputs.map((output) => `'${output.name}'`).join(', ');
  const found = name === undefined ? '(no name given)' : `'${String(name).slice(0, 60)}'`;
  throw invalid(`model '${signature.name}' has no output ${found}, it has ${known}`);
}
