import { invalid, ServingError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { InferRequest, QueueWish, Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { binaryMisfit } from './datatypes.ts';
import { bytesFromJson } from './json-tensor-codec.ts';
import { queueWishOf } from './queue-wish.ts';

/** An output that the caller wants, and how. */
export interface WantedOutput {
  readonly name: string;
  readonly binary: boolean;
}

export interface DecodedInferRequest {
  readonly request: InferRequest;
  readonly id: string | undefined;
  /** In the caller's order; all of the model's where the caller names none. */
  readonly wanted: readonly WantedOutput[];
  readonly queue?: QueueWish | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The body of an infer request:
 *
 *   JSON only       | {"inputs":[{...,"data":[...]}]}                          |
 *   with binary     | {"inputs":[{...,"parameters":{"binary_data_size":n}}]}   | n bytes | the next ... |
 *                     `-- Inference-Header-Content-Length bytes --------------'
 *   raw (length 0)  | the bytes of the only input                              |
 *
 * Binary tensors stay views on the body. Throws an `invalid` ServingError that says what was found and expected.
 */
export function decodeInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  signature: ModelSignature,
): DecodedInferRequest {
  const jsonLength = parseHeaderLength(headerLength, body.byteLength);
  if (jsonLength === 0) return decodeRaw(body, signature);
  const json = parseJson(body.toString('utf8', 0, jsonLength));
  const id = json.id;
  if (id !== undefined && typeof id !== 'string') throw invalid('"id" must be a string');
  const tensors = decodeInputs(json.inputs, body, jsonLength, signature);
  const wanted = wantedOutputs(json, signature);
  const outputs = wanted.map(({ name }) => name);
  const asked = asParameters(json.parameters, 'the request');
  const request = { ...inModelOrder(tensors, signature), outputs, parameters: scalars(asked) };
  return { request, id, wanted, queue: queueWishOf(asked) };
}

function parseHeaderLength(text: string | undefined, bodyLength: number): number {
  if (text === undefined) {
    if (bodyLength === 0) throw invalid('the body is empty, expected a JSON object with "inputs"');
    return bodyLength;
  }
  const length = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (length >= 0 && length <= bodyLength) return length;
  throw invalid(
    `Inference-Header-Content-Length is '${text}', expected 0 to ${bodyLength} (the body's length)`,
  );
}

function parseJson(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServingError('invalid', `the body is not JSON: ${reason}`, { cause: error });
  }
  return asObject(value, 'the body');
}

function decodeInputs(
  inputs: unknown,
  body: Buffer,
  start: number,
  signature: ModelSignature,
): readonly Tensor[] {
  if (!Array.isArray(inputs)) throw invalid('"inputs" must be an array of tensors');
  let offset = start;
  const tensors = inputs.map((entry: unknown) => {
    const input = asObject(entry, 'every entry of "inputs"');
    const spec = inputSpec(input.name, signature);
    const label = `input '${spec.name}'`;
    const shape = checkedShape(input, spec, label);
    const size = binarySize(input, label);
    const end = offset + (size ?? 0);
    if (end > body.byteLength) {
      throw invalid(`${label}: binary_data_size is ${size}, only ${body.byteLength - offset} bytes are left`);
    }
    const data =
      size === undefined
        ? bytesFromJson(input.data, spec.datatype, shape, label)
        : fitting(body.subarray(offset, end), spec, shape, label);
    offset = end;
    return { name: spec.name, datatype: spec.datatype, shape, data };
  });
  if (offset < body.byteLength) {
    throw invalid(`${body.byteLength - offset} bytes of the body belong to no input`);
  }
  return tensors;
}

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

/** The binary size, or undefined for JSON data: exactly one of the two must be there. */
function binarySize(input: JsonObject, label: string): number | undefined {
  const parameters = asParameters(input.parameters, label);
  if ('shared_memory_region' in parameters) {
    throw new ServingError('unsupported', `${label}: shared memory is not supported`);
  }
  const size = parameters.binary_data_size;
  if ((size === undefined) === (input.data === undefined)) {
    throw invalid(`${label}: exactly one of "data" and the parameter "binary_data_size" must be given`);
  }
  if (size === undefined) return undefined;
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size;
  throw invalid(`${label}: binary_data_size is ${JSON.stringify(size)}, expected a whole number of bytes`);
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

function wantedOutputs(json: JsonObject, signature: ModelSignature): readonly WantedOutput[] {
  const byDefault = asFlag(
    asParameters(json.parameters, 'the request').binary_data_output,
    'binary_data_output',
  );
  if (json.outputs === undefined) {
    return signature.outputs.map(({ name }) => ({ name, binary: byDefault ?? false }));
  }
  if (!Array.isArray(json.outputs) || json.outputs.length === 0) {
    throw invalid('"outputs" must be an array of at least one output; leave it out for all');
  }
  return json.outputs.map((entry: unknown) => {
    const { name, parameters } = asObject(entry, 'every entry of "outputs"');
    const spec = outputSpec(name, signature);
    const chosen = asParameters(parameters, `output '${spec.name}'`);
    if ('classification' in chosen || 'shared_memory_region' in chosen) {
      throw new ServingError('unsupported', `output '${spec.name}': only "binary_data" is supported`);
    }
    return { name: spec.name, binary: asFlag(chosen.binary_data, 'binary_data') ?? byDefault ?? false };
  });
}

export function outputSpec(name: unknown, signature: ModelSignature): TensorSpec {
  const spec = signature.outputs.find((output) => output.name === name);
  if (spec !== undefined) return spec;
  throw invalid(
    `model '${signature.name}' has no output ${quoted(name)}, it has ${names(signature.outputs)}`,
  );
}

/** Raw mode: the body is one row of the model's only input; every output comes back binary. */
function decodeRaw(body: Buffer, signature: ModelSignature): DecodedInferRequest {
  const [spec] = signature.inputs;
  if (spec === undefined || signature.inputs.length !== 1) {
    throw invalid(`a raw body needs a model with one input, this one has ${names(signature.inputs)}`);
  }
  const shape = spec.shape.map((size, dimension) => (dimension === 0 && size === -1 ? 1 : size));
  if (shape.includes(-1)) throw invalid(`a raw body cannot say the variable dimensions of [${spec.shape}]`);
  const label = `input '${spec.name}'`;
  const tensor = { ...spec, shape, data: fitting(body, spec, shape, label) };
  const wanted = signature.outputs.map(({ name }) => ({ name, binary: true }));
  const outputs = wanted.map(({ name }) => name);
  return { request: { inputs: [tensor], rows: shape[0] ?? 1, outputs }, id: undefined, wanted };
}

function asObject(value: unknown, label: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid(`${label} must be a JSON object`);
}

function asParameters(value: unknown, label: string): JsonObject {
  return value === undefined ? {} : asObject(value, `"parameters" of ${label}`);
}

/** Flags, numbers and texts: the protocol knows no other parameters, and the rest says nothing to a model. */
function scalars(parameters: JsonObject): Readonly<Record<string, boolean | number | string>> {
  const found = Object.entries(parameters).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(found) as Record<string, string>;
}

function asFlag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`"${name}" must be true or false, found ${JSON.stringify(value)}`);
}

function quoted(name: unknown): string {
  return name === undefined ? '(no name given)' : `'${String(name).slice(0, 60)}'`;
}

function names(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
