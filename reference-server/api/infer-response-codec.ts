import type { InferResponse, Tensor } from '../infer.ts';
import { AGE } from './answer-age.ts';
import { type ClassLabels, chosenTensor } from './chosen-output.ts';
import type { WantedOutput } from './infer-request-codec.ts';
import { jsonFromBytes } from './json-tensor-codec.ts';

export interface EncodedInferResponse {
  readonly body: Buffer;
  /** Length of the JSON part where binary tensors follow it; undefined where the body is all JSON. */
  readonly headerLength: number | undefined;
}

export interface InferAnswer {
  readonly response: InferResponse;
  readonly wanted: readonly WantedOutput[];
  readonly id: string | undefined;
  /** As `toldAgeUs` gives it. */
  readonly ageUs?: number | undefined;
  readonly modelName: string;
  readonly modelVersion: string;
  readonly classLabels: ClassLabels;
}

/** An answer's bytes: a JSON object, followed by the binary tensors in the order in which they were wanted. */
export function encodeInferResponse(answer: InferAnswer): EncodedInferResponse {
  const { response, wanted, id, ageUs, modelName, modelVersion, classLabels } = answer;
  const binary: Uint8Array[] = [];
  const outputs = wanted.map((choice) => {
    const tensor = chosenTensor(response, choice, classLabels);
    if (!choice.binary) return `{${describe(tensor)},"data":${jsonFromBytes(tensor)}}`;
    binary.push(tensor.data);
    return `{${describe(tensor)},"parameters":{"binary_data_size":${tensor.data.byteLength}}}`;
  });
  const echoedId = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  const age = ageUs === undefined ? '' : `"parameters":{"${AGE}":${ageUs}},`;
  const head = `{"model_name":${JSON.stringify(modelName)},"model_version":"${modelVersion}",${echoedId}${age}"outputs":[${outputs.join(',')}]}`;
  if (binary.length === 0) return { body: Buffer.from(head, 'utf8'), headerLength: undefined };
  return withTensors(head, binary);
}

function withTensors(head: string, binary: readonly Uint8Array[]): EncodedInferResponse {
  const headerLength = Buffer.byteLength(head);
  let bytes = headerLength;
  for (const tensor of binary) bytes += tensor.byteLength;
  const body = Buffer.allocUnsafe(bytes);
  let at = body.write(head);
  for (const tensor of binary) {
    body.set(tensor, at);
    at += tensor.byteLength;
  }
  return { body, headerLength };
}

function describe(tensor: Tensor): string {
  return `"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape}]`;
}
