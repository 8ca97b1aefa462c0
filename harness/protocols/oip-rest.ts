import type { ModelMetadata } from '../targets/target.ts';
import type { Template } from '../transports/transport.ts';
import { type Sample, variedValue } from '../workload/workload.ts';
import { ASKS_AGE } from './answer-age.ts';
import { NUMBER_WIDTH, writeNumber } from './fixed-number.ts';
import { OipRestReader } from './oip-rest-answer.ts';
import { oipRestOutputs } from './oip-rest-outputs.ts';
import type { Protocol } from './protocol.ts';
import { BLANK_ID, ID_WIDTH, writeId } from './request-id.ts';
import { ELEMENT_BYTES, tensorBytes, writeElement } from './tensor-bytes.ts';

export interface OipRestOptions {
  readonly model: ModelMetadata;
  readonly encoding: 'json' | 'binary';
  /** Whether answers are asked how old they are, of a server that can tell. */
  readonly asksAge?: boolean;
}

/** Open Inference Protocol V2 over REST: JSON tensors, or Triton's binary tensor extension in both directions. */
export function oipRest({ model, encoding, asksAge = false }: OipRestOptions): Protocol {
  const version = model.version === undefined ? '' : `/versions/${encodeURIComponent(model.version)}`;
  const path = `/v2/models/${encodeURIComponent(model.name)}${version}/infer`;
  const body = encoding === 'json' ? jsonBody : binaryBody;
  return {
    encode: (sample) => ({ method: 'POST', path, ...body(sample, asksAge ? ASKS_AGE : {}) }),
    reader: () => new OipRestReader(ID_WIDTH),
    outputs: oipRestOutputs,
  };
}

type Parameters = Readonly<Record<string, boolean>>;

type Body = Pick<Template, 'headers' | 'own' | 'shared' | 'stamp'>;

const ID_START = '{"id":"';

/**
 *     {"id":"000000000042","inputs":[{…,"data":[      0.123456789,      1.5, 0.25, 0.75 …]}, …]}
 *                                               |---- varied ----|
 *     |------------- own: copied and stamped ---------------------|----- shared -----------|
 */
function jsonBody(sample: Sample, parameters: Parameters): Body {
  const variation = sample.variation;
  const varied = variation?.elements ?? 0;
  const inputs = sample.inputs.map((input, position) => {
    const spared = position === 0 ? varied : 0;
    const blanks = Array.from({ length: spared }, () => ' '.repeat(NUMBER_WIDTH));
    const values = [...blanks, ...jsonValues(input.datatype, input.values.subarray(spared))];
    const { name, datatype, shape } = input;
    return `${JSON.stringify({ name, shape, datatype }).slice(0, -1)},"data":[${values.join(',')}]}`;
  });
  const wishes = Object.keys(parameters).length === 0 ? '' : `"parameters":${JSON.stringify(parameters)},`;
  const text = Buffer.from(`${ID_START}${BLANK_ID}",${wishes}"inputs":[${inputs.join(',')}]}`);
  const dataAt = text.indexOf('"data":[') + '"data":['.length;
  const ownBytes = varied === 0 ? ID_START.length + ID_WIDTH : dataAt + varied * (NUMBER_WIDTH + 1) - 1;
  return {
    headers: [['Content-Type', 'application/json']],
    own: text.subarray(0, ownBytes),
    shared: text.subarray(ownBytes),
    stamp(buffer, at, index) {
      writeId(buffer, at + ID_START.length, index);
      if (variation === undefined) return;
      const key = variation.keyOf(index);
      for (let position = 0; position < varied; position++) {
        const value = variedValue(variation, key, position);
        writeNumber(buffer, at + dataAt + position * (NUMBER_WIDTH + 1), value);
      }
    },
  };
}

function jsonValues(datatype: string, values: Float64Array): string[] {
  if (datatype === 'BOOL') return Array.from(values, (value) => (value === 0 ? 'false' : 'true'));
  if (datatype === 'FP64') return Array.from(values, String);
  if (datatype.startsWith('FP')) return Array.from(values, (value) => String(Number(value.toPrecision(8))));
  return Array.from(values, (value) => String(Math.trunc(value)));
}

/** JSON with the sizes, then the tensors' bytes in the same order; the varied elements come first of all. */
function binaryBody(sample: Sample, wishes: Parameters): Body {
  const inputs = sample.inputs.map(({ name, datatype, shape, values }) => ({
    name,
    shape,
    datatype,
    parameters: { binary_data_size: values.length * elementBytes(datatype) },
  }));
  const parameters = { binary_data_output: true, ...wishes };
  const json = Buffer.from(JSON.stringify({ id: BLANK_ID, parameters, inputs }));
  const tensors = Buffer.concat(sample.inputs.map(({ datatype, values }) => tensorBytes(datatype, values)));
  const datatype = sample.inputs[0]?.datatype ?? 'FP32';
  const width = elementBytes(datatype);
  const variation = sample.variation;
  const varied = variation?.elements ?? 0;
  return {
    headers: [
      ['Content-Type', 'application/octet-stream'],
      ['Inference-Header-Content-Length', String(json.length)],
    ],
    own: Buffer.concat([json, tensors.subarray(0, varied * width)]),
    shared: tensors.subarray(varied * width),
    stamp(buffer, at, index) {
      writeId(buffer, at + ID_START.length, index);
      if (variation === undefined) return;
      const key = variation.keyOf(index);
      for (let position = 0; position < varied; position++) {
        const value = variedValue(variation, key, position);
        writeElement(datatype, buffer, at + json.length + position * width, value);
      }
    },
  };
}

function elementBytes(datatype: string): number {
  return ELEMENT_BYTES.get(datatype) ?? 1;
}
