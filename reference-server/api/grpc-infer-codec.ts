import { invalid, ServingError } from '../errors.ts';
import type { InferRequest, InferResponse, Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { AGE } from './answer-age.ts';
import { type ChosenOutput, type ClassLabels, chosenOutput, chosenTensor } from './chosen-output.ts';
import type { InferMessage, InputMessage } from './grpc-infer-message.ts';
import { bytesFromContents, contentsFromBytes, hasTypedContents } from './grpc-tensor-contents.ts';
import { checkedShape, fitting, inModelOrder, inputSpec } from './input-tensors.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';
import { requestParameters } from './request-parameters.ts';

/** What a ModelInferRequest asks of a model. */
export interface GrpcInferRequest {
  readonly request: InferRequest;
  /** In the caller's order; all of the model's where the caller names none. */
  readonly wanted: readonly ChosenOutput[];
}

/** Asks for the mark of the last answer. */
export const SAYS_FINAL = 'triton_enable_empty_final_response';

/** Raw contents stay views on the message. Throws an `invalid` ServingError that says what was found and expected. */
export function decodeGrpcInfer(message: InferMessage, signature: ModelSignature): GrpcInferRequest {
  const { inputs, raw } = message;
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw invalid(`raw_input_contents has ${raw.length} entries, one for each of ${inputs.length} inputs`);
  }
  const tensors = inputs.map((input, position) => tensorOf(input, raw[position], signature));
  const wanted = wantedOutputs(message, signature);
  const outputs = wanted.map(({ name }) => name);
  const parameters = requestParameters(message.parameters, [SAYS_FINAL]);
  return { request: { ...inModelOrder(tensors, signature), outputs, parameters }, wanted };
}

function tensorOf(input: InputMessage, raw: Buffer | undefined, signature: ModelSignature): Tensor {
  const spec = inputSpec(input.name, signature);
  const label = `input '${spec.name}'`;
  if ('shared_memory_region' in input.parameters) {
    throw new ServingError('unsupported', `${label}: shared memory is not supported`);
  }
  const shape = checkedShape(input, spec, label);
  const { contents } = input;
  if ((raw === undefined) === (contents === undefined)) {
    const found = raw === undefined ? 'neither' : 'both';
    throw invalid(`${label}: found ${found} of contents and raw_input_contents, give one of the two`);
  }
  const data =
    raw === undefined
      ? bytesFromContents(contents ?? Buffer.alloc(0), spec.datatype, shape, label)
      : fitting(raw, spec, shape, label);
  return { name: spec.name, datatype: spec.datatype, shape, data };
}

function wantedOutputs({ outputs }: InferMessage, signature: ModelSignature): readonly ChosenOutput[] {
  if (outputs.length === 0) return signature.outputs.map(({ name }) => ({ name }));
  return outputs.map(({ name, parameters }) => chosenOutput(name, parameters, signature));
}

export interface GrpcAnswer {
  readonly response: InferResponse;
  readonly wanted: readonly ChosenOutput[];
  readonly classLabels: ClassLabels;
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  /** As `toldAgeUs` gives it. */
  readonly ageUs?: number | undefined;
  /** As the request was; what typed contents cannot carry makes an answer raw all the same. */
  readonly raw: boolean;
  /** Says that no other answer follows. */
  readonly saysFinal: boolean;
}

/** Writes a ModelInferResponse, as part of a stream's message where there is one. */
export function writeInferResponse(writer: ProtobufWriter, answer: GrpcAnswer): void {
  const { modelName, modelVersion, id, ageUs, saysFinal } = answer;
  const { response, classLabels } = answer;
  const tensors = answer.wanted.map((choice) => chosenTensor(response, choice, classLabels)).reverse();
  const raw = answer.raw || !tensors.every(({ datatype }) => hasTypedContents(datatype));
  if (raw) for (const { data } of tensors) writer.bytes(6, data);
  for (const tensor of tensors) writeOutput(writer, tensor, raw);
  if (ageUs !== undefined) writeParameter(writer, AGE, INT64, ageUs);
  if (saysFinal) writeParameter(writer, 'triton_final_response', BOOL, 1);
  writer.text(3, id);
  writer.text(2, modelVersion);
  writer.text(1, modelName);
}

function writeOutput(writer: ProtobufWriter, tensor: Tensor, raw: boolean): void {
  const { name, datatype, shape } = tensor;
  const start = writer.length;
  if (!raw) writer.bytes(5, contentsFromBytes(tensor));
  const shapeStart = writer.length;
  for (const size of shape.toReversed()) writer.varint(size);
  writer.close(3, shapeStart);
  writer.text(2, datatype);
  writer.text(1, name);
  writer.close(5, start);
}

/** Kinds of InferParameter. */
const BOOL = 1;
const INT64 = 2;

/** An entry of the response's map of parameters. */
function writeParameter(writer: ProtobufWriter, name: string, kind: number, value: number): void {
  const start = writer.length;
  writer.integer(kind, value);
  writer.close(2, start);
  writer.text(1, name);
  writer.close(4, start);
}

/** A message as gRPC sends it: not compressed, and its length, then its bytes. */
export function framed(writer: ProtobufWriter): Buffer {
  const length = writer.length;
  const message = writer.finish(MESSAGE_PREFIX_BYTES);
  message[0] = 0;
  message.writeUInt32BE(length, 1);
  return message;
}

export const MESSAGE_PREFIX_BYTES = 5;
