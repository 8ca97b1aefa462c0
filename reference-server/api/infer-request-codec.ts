import { invalid, ServingError } from '../errors.ts';
import type { InferRequest, QueueWish, Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { ageWanted } from './answer-age.ts';
import { type ChosenOutput, chosenOutput } from './chosen-output.ts';
import { checkedShape, fitting, inModelOrder, inputSpec, quoted } from './input-tensors.ts';
import { bytesFromJson } from './json-tensor-codec.ts';
import { queueWishOf } from './queue-wish.ts';
import { rawTensor } from './raw-body.ts';
import { requestParameters } from './request-parameters.ts';

/** An output that the caller wants, and how. */
export interface WantedOutput extends ChosenOutput {
  readonly binary: boolean;
}

export interface DecodedInferRequest {
  readonly request: InferRequest;
  readonly id: string | undefined;
  /** In the caller's order; all of the model's where the caller names none. */
  readonly wanted: readonly WantedOutput[];
  readonly queue?: QueueWish | undefined;
  /** Whether the caller wants to know how old an answer from the cache is. */
  readonly saysAge: boolean;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The body of an infer request:
 *
 *   JSON only       | {"inputs":[{...,"data":[...]}]}                          |
 *   with binary     | {"inputs":[{...,"parameters":{"binary_data_size":n}}]}   | n bytes | the next ... |
 *                     `-- Inference-Header-Content-Length bytes --------------'
 *   raw (length 0)  | the bytes of the only input, one row of it               |
 *
 * Binary tensors stay views on the body. Throws an `invalid` ServingError that says what was found and expected.
 */
export function decodeInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  signature: ModelSignature,
): DecodedInferRequest {
  const jsonLength = parseHeaderLength(headerLength, body.byteLength);
  if (jsonLength === 0) return rawRequest(rawTensor(body, signature), signature);
  const json = parseJson(body.toString('utf8', 0, jsonLength));
  const id = json.id;
  if (id !== undefined && typeof id !== 'string') throw invalid('"id" must be a string');
  const tensors = decodeInputs(json.inputs, body, jsonLength, signature);
  const wanted = wantedOutputs(json, signature);
  const outputs = wanted.map(({ name }) => name);
  const parameters = requestParameters(asParameters(json.parameters, 'the request'));
  const request = { ...inModelOrder(tensors, signature), outputs, parameters };
  return { request, id, wanted, queue: queueWishOf(parameters), saysAge: ageWanted(parameters) };
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
    const asked = asParameters(parameters, `output ${quoted(name)}`);
    const binary = asFlag(asked.binary_data, 'binary_data') ?? byDefault ?? false;
    return { ...chosenOutput(name, asked, signature), binary };
  });
}

/** Every output comes back binary. */
function rawRequest(tensor: Tensor, signature: ModelSignature): DecodedInferRequest {
  const outputs = signature.outputs.map(({ name }) => name);
  const request = { inputs: [tensor], rows: tensor.shape[0] ?? 1, outputs };
  const wanted = outputs.map((name) => ({ name, binary: true }));
  return { request, id: undefined, wanted, saysAge: false };
}

function asObject(value: unknown, label: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid(`${label} must be a JSON object`);
}

function asParameters(value: unknown, label: string): JsonObject {
  return value === undefined ? {} : asObject(value, `"parameters" of ${label}`);
}

function asFlag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`"${name}" must be true or false, found ${JSON.stringify(value)}`);
}
