import { invalid } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { InferRequest, Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { binaryMisfit } from './datatypes.ts';

/* What both doors check of the inputs that they read; all of it throws `invalid` ServingErrors. */

export function inputSpec(name: unknown, signature: ModelSignature): TensorSpec {
  const spec = signature.inputs.find((input) => input.name === name);
  if (spec !== undefined) return spec;
  throw invalid(`model '${signature.name}' has no input ${quoted(name)}, it has ${names(signature.inputs)}`);
}

/** The shape that the request gives, checked with its datatype against the model's. */
export function checkedShape(
  input: { readonly datatype?: unknown; readonly shape?: unknown },
  spec: TensorSpec,
  label: string,
): readonly number[] {
  if (input.datatype !== spec.datatype) {
    throw invalid(`${label}: datatype is ${quoted(input.datatype)}, the model takes '${spec.datatype}'`);
  }
  const { shape } = input;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw invalid(`${label}: shape must be an array of whole numbers from 1, found ${JSON.stringify(shape)}`);
  }
  const fits =
    shape.length === spec.shape.length &&
    spec.shape.every((size, dimension) => size === -1 || size === shape[dimension]);
  if (!fits) throw invalid(`${label}: shape is [${shape}], the model takes [${spec.shape}] (-1 is any)`);
  return shape;
}

export function fitting(
  data: Uint8Array,
  spec: TensorSpec,
  shape: readonly number[],
  label: string,
): Uint8Array {
  const misfit = binaryMisfit(data, spec.datatype, shape);
  if (misfit === undefined) return data;
  throw invalid(`${label}: ${misfit}`);
}

/** The inputs in the model's order, each once, all with the same number of rows. */
export function inModelOrder(tensors: readonly Tensor[], signature: ModelSignature): InferRequest {
  const inputs = signature.inputs.map((spec) => {
    const given = tensors.filter((tensor) => tensor.name === spec.name);
    const [tensor] = given;
    if (tensor !== undefined && given.length === 1) return tensor;
    const found = given.length === 0 ? 'is missing' : `is given ${given.length} times`;
    throw invalid(
      `input '${spec.name}' ${found}, model '${signature.name}' takes ${names(signature.inputs)}`,
    );
  });
  const rows = inputs[0]?.shape[0] ?? 0;
  const other = inputs.find((input) => input.shape[0] !== rows);
  if (other !== undefined) {
    const found = `'${inputs[0]?.name}' has ${rows} rows, '${other.name}' has ${other.shape[0]}`;
    throw invalid(`all inputs must have the same number of rows: ${found}`);
  }
  return { inputs, rows };
}

/** A name as it was found, for a message. */
export function quoted(name: unknown): string {
  return name === undefined ? '(no name given)' : `'${String(name).slice(0, 60)}'`;
}

export function names(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
