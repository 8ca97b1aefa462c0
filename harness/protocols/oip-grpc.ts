import { UsageError } from '../errors.ts';
import type { ModelMetadata } from '../targets/target.ts';
import type { Template } from '../transports/transport.ts';
import { type InputTensor, type Sample, variedValue } from '../workload/workload.ts';
import { ASKS_AGE } from './answer-age.ts';
import { OipGrpcReader, streamCorrelation } from './oip-grpc-answer.ts';
import { oipGrpcOutputs } from './oip-grpc-outputs.ts';
import {
  bytesField,
  bytesStart,
  packedVarints,
  VARINT,
  varint,
  WIDEST_VARINT,
  writeWideVarint,
} from './protobuf-bytes.ts';
import type { Protocol } from './protocol.ts';
import { BLANK_ID, ID_WIDTH, writeId } from './request-id.ts';
import { ELEMENT_BYTES, tensorBytes, writeElement } from './tensor-bytes.ts';
import { CONTENTS_FIELD } from './typed-contents.ts';

export interface OipGrpcOptions {
  readonly model: ModelMetadata;
  /** `binary`: raw contents. `json`, the readable one of the two: typed contents. */
  readonly encoding: 'json' | 'binary';
  /** Requests share a stream for each connection, instead of being a call each. */
  readonly stream: boolean;
  /** Whether answers are asked how old they are, of a server that can tell. */
  readonly asksAge?: boolean;
}

const SERVICE = '/inference.GRPCInferenceService';

/** Open Inference Protocol V2 over gRPC: ModelInfer, or ModelStreamInfer as Triton has it. */
export function oipGrpc({ model, encoding, stream, asksAge = false }: OipGrpcOptions): Protocol {
  const body = encoding === 'json' ? typedBody : rawBody;
  const how: Pick<Template, 'path' | 'call' | 'correlation'> = stream
    ? { path: `${SERVICE}/ModelStreamInfer`, call: 'bidirectional', correlation: streamCorrelation() }
    : { path: `${SERVICE}/ModelInfer`, call: 'unary' };
  return {
    encode: (sample) => ({ method: 'POST', headers: [], ...how, ...body(sample, { model, asksAge }) }),
    reader: () => new OipGrpcReader(stream),
    outputs: (message) => oipGrpcOutputs(message, stream),
  };
}

type Asked = Required<Pick<OipGrpcOptions, 'model' | 'asksAge'>>;

type Body = Pick<Template, 'own' | 'shared' | 'stamp'>;

/** Where the varied elements are, and how one is written. */
interface Varied {
  readonly at: number;
  readonly width: number;
  write(buffer: Buffer, at: number, value: number): void;
}

/**
 *     model_name model_version id inputs[name datatype shape] … raw[varied | the rest] raw …
 *     |------------- own: copied and stamped ----------------------------|---- shared ------|
 */
function rawBody(sample: Sample, asked: Asked): Body {
  const inputs = sample.inputs.map((input) => bytesField(5, described(input)));
  const [first = NOTHING, ...others] = sample.inputs.map(({ datatype, values }) =>
    tensorBytes(datatype, values),
  );
  const own = Buffer.concat([...head(asked), ...inputs, bytesStart(7, first.length)]);
  const all = Buffer.concat([own, first, ...others.map((bytes) => bytesField(7, bytes))]);
  const datatype = sample.inputs[0]?.datatype ?? 'FP32';
  return bodyOf(all, sample, asked, {
    at: own.length,
    width: ELEMENT_BYTES.get(datatype) ?? 1,
    write: (buffer, at, value) => writeElement(datatype, buffer, at, value),
  });
}

/**
 *     model_name model_version id inputs[name datatype shape contents[varied | the rest]] inputs …
 *     |------------- own: copied and stamped --------------------------------|---- shared -------|
 */
function typedBody(sample: Sample, asked: Asked): Body {
  const [first, ...others] = sample.inputs;
  if (first === undefined) return bodyOf(Buffer.concat(head(asked)), sample, asked, NOTHING_VARIED);
  const values = typedValues(first, sample.variation?.elements ?? 0);
  // What stands before the values says how long each enclosing field is, from the innermost outwards.
  const contents = bytesStart(fieldOf(first), values.length);
  const enclosed = Buffer.concat([
    described(first),
    bytesStart(5, contents.length + values.length),
    contents,
  ]);
  const start = Buffer.concat([...head(asked), bytesStart(5, enclosed.length + values.length), enclosed]);
  const rest = others.map((input) => {
    const packed = bytesField(fieldOf(input), typedValues(input, 0));
    return bytesField(5, Buffer.concat([described(input), bytesField(5, packed)]));
  });
  const { datatype } = first;
  const isFloat = datatype.startsWith('FP');
  return bodyOf(Buffer.concat([start, values, ...rest]), sample, asked, {
    at: start.length,
    width: isFloat ? (ELEMENT_BYTES.get(datatype) ?? 4) : WIDEST_VARINT,
    write: isFloat ? (buffer, at, value) => writeElement(datatype, buffer, at, value) : writeWideVarint,
  });
}

function bodyOf(all: Buffer, { variation }: Sample, { model }: Asked, varied: Varied): Body {
  const idEnd = Buffer.concat(tagged(model)).length;
  const idAt = idEnd - ID_WIDTH;
  const elements = variation?.elements ?? 0;
  const ownBytes = elements === 0 ? idEnd : varied.at + elements * varied.width;
  return {
    own: all.subarray(0, ownBytes),
    shared: all.subarray(ownBytes),
    stamp(buffer, at, index) {
      writeId(buffer, at + idAt, index);
      if (variation === undefined) return;
      const key = variation.keyOf(index);
      for (let position = 0; position < elements; position++) {
        const value = variedValue(variation, key, position);
        varied.write(buffer, at + varied.at + position * varied.width, value);
      }
    },
  };
}

function head({ model, asksAge }: Asked): Buffer[] {
  return [
    ...tagged(model),
    ...(asksAge ? Object.keys(ASKS_AGE).map((name) => bytesField(4, flag(name))) : []),
  ];
}

/** An entry of the parameters: that name is true. */
function flag(name: string): Buffer {
  return Buffer.concat([bytesField(1, name), bytesField(2, Buffer.of(1 * 8 + VARINT, 1))]);
}

/** Model and id, which ends it. */
function tagged({ name, version }: ModelMetadata): Buffer[] {
  const versioned = version === undefined ? [] : [bytesField(2, version)];
  return [bytesField(1, name), ...versioned, bytesField(3, BLANK_ID)];
}

/** Name, datatype and shape. */
function described({ name, datatype, shape }: InputTensor): Buffer {
  return Buffer.concat([bytesField(1, name), bytesField(2, datatype), bytesField(3, packedVarints(shape))]);
}

function fieldOf({ name, datatype }: InputTensor): number {
  const field = CONTENTS_FIELD.get(datatype);
  if (field !== undefined) return field;
  const message = `over gRPC the ${datatype} values of input ${name} travel raw only`;
  throw new UsageError([{ field: 'workload.encoding', message, advice: 'encoding: binary' }]);
}

/** Whole numbers that vary have the width of the longest, so that they can be written in place. */
function typedValues({ datatype, values }: InputTensor, varied: number): Buffer {
  if (datatype.startsWith('FP')) return tensorBytes(datatype, values);
  const whole = datatype === 'BOOL' ? values.map((value) => (value === 0 ? 0 : 1)) : values;
  const wide = Buffer.alloc(varied * WIDEST_VARINT);
  for (let at = 0; at < varied; at++) writeWideVarint(wide, at * WIDEST_VARINT, whole[at] ?? 0);
  return Buffer.concat([wide, ...Array.from(whole.subarray(varied), varint)]);
}

const NOTHING = Buffer.alloc(0);
const NOTHING_VARIED: Varied = { at: 0, width: 0, write: () => {} };
