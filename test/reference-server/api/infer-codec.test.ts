import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeInferRequest } from '../../../reference-server/api/infer-request-codec.ts';
import { encodeInferResponse } from '../../../reference-server/api/infer-response-codec.ts';
import { ServingError } from '../../../reference-server/errors.ts';
import type { ModelSignature } from '../../../reference-server/models/model-signature.ts';

const MODEL: ModelSignature = {
  name: 'm',
  inputs: [
    { name: 'a', datatype: 'FP32', shape: [-1, 2] },
    { name: 'b', datatype: 'INT32', shape: [-1, 1] },
  ],
  outputs: [
    { name: 'p', datatype: 'FP32', shape: [-1, 2] },
    { name: 'q', datatype: 'INT32', shape: [-1, 1] },
  ],
  maxRows: 8,
};
const a = { name: 'a', datatype: 'FP32', shape: [1, 2], data: [1, 2] };
const b = { name: 'b', datatype: 'INT32', shape: [1, 1], data: [7] };
const binary = (input: object, size: unknown) => ({
  ...input,
  data: undefined,
  parameters: { binary_data_size: size },
});

function decode(json: unknown, ...tensors: Uint8Array[]) {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return decodeInferRequest(Buffer.concat([head, ...tensors]), String(head.byteLength), MODEL);
}

const bytes = (array: Float32Array | Int32Array) => new Uint8Array(array.buffer);

describe('request', () => {
  test("inputs come back in the model's order, whatever the caller's", () => {
    const { request, id, wanted } = decode({ id: '7', inputs: [b, a] });
    expect(request.rows).toBe(1);
    expect(request.inputs.map((input) => input.name)).toEqual(['a', 'b']);
    expect(id).toBe('7');
    expect(wanted).toEqual([
      { name: 'p', binary: false },
      { name: 'q', binary: false },
    ]);
  });

  test('priority and timeout are wishes for the queue', () => {
    expect(decode({ inputs: [a, b] }).queue).toBeUndefined();
    const parameters = { priority: 2, timeout: 1500, binary_data_output: true };
    expect(decode({ inputs: [a, b], parameters }).queue).toEqual({ priority: 2, timeoutMs: 1.5 });
    expect(() => decode({ inputs: [a, b], parameters: { timeout: -1 } })).toThrow(
      /"timeout" must be a whole/,
    );
  });

  test('other parameters go to the model; an output may be wanted as classes', () => {
    const parameters = { mine: 'x', sequence_id: 7, flag: true };
    const outputs = [{ name: 'p', parameters: { classification: 2 } }, { name: 'p' }];
    const { request, wanted } = decode({ inputs: [a, b], parameters, outputs });
    expect(request.parameters).toEqual(parameters);
    expect(wanted).toEqual([
      { name: 'p', binary: false, classes: 2 },
      { name: 'p', binary: false },
    ]);
  });

  test('without the header the whole body is JSON', () => {
    const body = Buffer.from(JSON.stringify({ inputs: [a, b] }));
    expect(decodeInferRequest(body, undefined, MODEL).request.rows).toBe(1);
  });

  test('binary tensors are views on the body, in the order of the inputs, mixed with JSON ones', () => {
    const values = Float32Array.of(0.5, -1, 3, 4);
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ ...b, shape: [2, 1], data: [[7], [8]] }, binary({ ...a, shape: [2, 2] }, 16)],
      }),
    );
    const body = Buffer.concat([head, bytes(values)]);
    const { request } = decodeInferRequest(body, String(head.byteLength), MODEL);
    expect(request.rows).toBe(2);
    expect(request.inputs[0]?.data.buffer).toBe(body.buffer);
    expect(Buffer.compare(request.inputs[0]?.data ?? Buffer.of(), bytes(values))).toBe(0);
    expect(new Int32Array(request.inputs[1]?.data.buffer ?? new ArrayBuffer(0))).toEqual(Int32Array.of(7, 8));
  });

  test("the per-output choice wins over the request's", () => {
    const { wanted } = decode({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'q', parameters: { binary_data: false } }, { name: 'p' }],
      inputs: [a, b],
    });
    expect(wanted).toEqual([
      { name: 'q', binary: false },
      { name: 'p', binary: true },
    ]);
  });

  // biome-ignore format: a table
  test.each<[string, unknown, Uint8Array[], string]>([
    ['not JSON',          '{"inputs":',                             [], 'the body is not JSON: '],
    ['not an object',     [1],                                      [], 'the body must be a JSON object'],
    ['no inputs',         {},                                       [], '"inputs" must be an array of tensors'],
    ['an input is null',  { inputs: [null] },                       [], 'every entry of "inputs" must be a JSON object'],
    ['unknown input',     { inputs: [{ ...a, name: 'c' }, b] },     [], "model 'm' has no input 'c', it has 'a', 'b'"],
    ['unnamed input',     { inputs: [{ datatype: 'FP32' }] },       [], "model 'm' has no input (no name given), it has 'a', 'b'"],
    ['missing input',     { inputs: [a] },                          [], "input 'b' is missing, model 'm' takes 'a', 'b'"],
    ['input twice',       { inputs: [a, b, a] },                    [], "input 'a' is given 2 times, model 'm' takes 'a', 'b'"],
    ['wrong datatype',    { inputs: [{ ...a, datatype: 'FP64' }, b] }, [], "input 'a': datatype is 'FP64', the model takes 'FP32'"],
    ['BF16',              { inputs: [{ ...a, datatype: 'BF16' }, b] }, [], "input 'a': datatype is 'BF16', the model takes 'FP32'"],
    ['wrong rank',        { inputs: [{ ...a, shape: [2] }, b] },    [], "input 'a': shape is [2], the model takes [-1,2] (-1 is any)"],
    ['wrong dimension',   { inputs: [{ ...a, shape: [1, 3] }, b] }, [], "input 'a': shape is [1,3], the model takes [-1,2] (-1 is any)"],
    ['no rows',           { inputs: [{ ...a, shape: [0, 2] }, b] }, [], "input 'a': shape must be an array of whole numbers from 1, found [0,2]"],
    ['shape is text',     { inputs: [{ ...a, shape: '1x2' }, b] },  [], "input 'a': shape must be an array of whole numbers from 1, found \"1x2\""],
    ['rows differ',       { inputs: [a, { ...b, shape: [2, 1], data: [1, 2] }] }, [], "all inputs must have the same number of rows: 'a' has 1 rows, 'b' has 2"],
    ['neither data',      { inputs: [{ ...a, data: undefined }, b] }, [], "input 'a': exactly one of \"data\" and the parameter \"binary_data_size\" must be given"],
    ['both data',         { inputs: [{ ...a, parameters: { binary_data_size: 8 } }, b] }, [new Uint8Array(8)], "input 'a': exactly one of"],
    ['negative size',     { inputs: [binary(a, -1), b] },           [], "input 'a': binary_data_size is -1, expected a whole number of bytes"],
    ['size is text',      { inputs: [binary(a, '8'), b] },          [], "input 'a': binary_data_size is \"8\", expected a whole number of bytes"],
    ['body too short',    { inputs: [binary(a, 8), b] },            [new Uint8Array(7)], "input 'a': binary_data_size is 8, only 7 bytes are left"],
    ['size for another shape', { inputs: [binary(a, 4), b] },       [new Uint8Array(4)], "input 'a': it has 4 bytes, FP32 of shape [1,2] needs 8"],
    ['bytes left over',   { inputs: [a, b] },                       [new Uint8Array(3)], '3 bytes of the body belong to no input'],
    ['unknown output',    { inputs: [a, b], outputs: [{ name: 'r' }] }, [], "model 'm' has no output 'r', it has 'p', 'q'"],
    ['no output',         { inputs: [a, b], outputs: [] },          [], '"outputs" must be an array of at least one output'],
    ['flag is a number',  { inputs: [a, b], parameters: { binary_data_output: 1 } }, [], '"binary_data_output" must be true or false, found 1'],
    ['parameters is null', { inputs: [a, b], parameters: null },    [], '"parameters" of the request must be a JSON object'],
    ['a parameter is null', { inputs: [a, b], parameters: { mine: null } }, [], 'the parameter "mine" must be a text, a number, or true or false, found null'],
    ['a parameter is a list', { inputs: [a, b], parameters: { mine: [1] } }, [], 'the parameter "mine" must be a text'],
    ['a parameter of ours', { inputs: [a, b], parameters: { triton_x: 1 } }, [], 'the parameter "triton_x" is none of this door\'s'],
    ['id is a number',    { id: 7, inputs: [a, b] },                [], '"id" must be a string'],
  ])('%s is a 400 that says so', (_, json, tensors, message) => {
    const thrown = thrownBy(() => decode(json, ...tensors));
    expect(thrown.message).toContain(message);
    expect(thrown.status).toBe(400);
  });

  test.each(['-1', 'x', '999', '1.5', ''])('header length %j is a 400', (text) => {
    const thrown = thrownBy(() => decodeInferRequest(Buffer.from('{}'), text, MODEL));
    expect(thrown.message).toBe(
      `Inference-Header-Content-Length is '${text}', expected 0 to 2 (the body's length)`,
    );
  });

  test('an empty body, a raw body for two inputs', () => {
    expect(thrownBy(() => decodeInferRequest(Buffer.of(), undefined, MODEL)).message).toContain(
      'the body is empty',
    );
    expect(thrownBy(() => decodeInferRequest(Buffer.of(1), '0', MODEL)).message).toContain('with one input');
  });

  describe('raw', () => {
    const only = (datatype: 'FP32' | 'INT64' | 'BYTES', ...shape: number[]) => ({
      ...MODEL,
      inputs: [{ name: 'a', datatype, shape } as const],
    });
    const raw = (body: Buffer, model: ModelSignature) => {
      const { request, wanted } = decodeInferRequest(body, '0', model);
      expect(wanted.every(({ binary }) => binary)).toBe(true);
      return { rows: request.rows, ...request.inputs[0] };
    };

    test('one row; a variable dimension is as large as the bytes make it; a text is the body', () => {
      const body = Buffer.alloc(48, 1);
      expect(raw(body, only('FP32', -1, 12))).toMatchObject({ rows: 1, shape: [1, 12], data: body });
      expect(raw(body, only('FP32', -1, -1))).toMatchObject({ rows: 1, shape: [1, 12] });
      expect(raw(body, only('INT64', -1, 3, -1))).toMatchObject({ rows: 1, shape: [1, 3, 2] });
      expect(raw(body, only('FP32', 2, 6))).toMatchObject({ rows: 2, shape: [2, 6] });
      const text = raw(Buffer.from('two words'), only('BYTES', -1, 1));
      expect(text).toMatchObject({
        shape: [1, 1],
        data: Uint8Array.from(Buffer.from('\x09\0\0\0two words')),
      });
      expect(raw(Buffer.of(), only('BYTES', -1))).toMatchObject({ shape: [1], data: new Uint8Array(4) });
    });

    test.each([
      [47, only('FP32', -1, 12), 'it has 47 bytes, FP32 of shape [1,12] needs 48'],
      [47, only('FP32', -1, -1), 'it has 47 bytes, FP32 of shape [1,11] needs 44'],
      [7, only('INT64', -1, -1), 'it has 7 bytes, INT64 of shape [1,1] needs 8'],
      [0, only('FP32', -1, -1), 'it has 0 bytes, FP32 of shape [1,1] needs 4'],
      [48, only('FP32', -1, -1, -1), 'one variable dimension beside the rows'],
      [9, only('BYTES', -1, 2), 'it has 1 elements, shape [1,2] needs 2'],
    ])('%i bytes that are no row are refused', (bytes, model, words) => {
      expect(thrownBy(() => decodeInferRequest(Buffer.alloc(bytes), '0', model)).message).toContain(words);
    });
  });

  test.each([
    ['shared memory of an output', { outputs: [{ name: 'p', parameters: { shared_memory_region: 'r' } }] }],
    ['shared memory', { inputs: [{ ...a, parameters: { shared_memory_region: 'r' } }, b] }],
  ])('%s is a 501, not silently ignored', (_, json) => {
    expect(thrownBy(() => decode({ inputs: [a, b], ...json })).status).toBe(501);
  });

  test('whatever the bytes: a decoded request or a ServingError, never anything else', () => {
    const whole = Buffer.from(JSON.stringify({ inputs: [a, b], outputs: [{ name: 'p' }] }));
    const mutated = fc.tuple(fc.nat(whole.byteLength - 1), fc.nat(255)).map(([at, byte]) => {
      const body = Buffer.from(whole);
      body[at] = byte;
      return body;
    });
    const anything = fc.oneof(
      mutated,
      fc.json().map((json) => Buffer.from(json)),
      fc.uint8Array().map((x) => Buffer.from(x)),
    );
    fc.assert(
      fc.property(anything, fc.option(fc.nat(200).map(String), { nil: undefined }), (body, header) => {
        try {
          expect(decodeInferRequest(body, header, MODEL).request.rows).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('response', () => {
  test('JSON and binary outputs in the order wanted', () => {
    const outputs = [
      { name: 'p', datatype: 'FP32', shape: [1, 2], data: bytes(Float32Array.of(1, 2)) },
      { name: 'q', datatype: 'INT32', shape: [1, 1], data: bytes(Int32Array.of(3)) },
    ] as const;
    const wanted = [
      { name: 'q', binary: true },
      { name: 'p', binary: false },
    ];
    const about = { id: 'é', modelName: 'm', modelVersion: '1', classLabels: {} };
    const { body, headerLength } = encodeInferResponse({ response: { outputs }, wanted, ...about });
    const end = headerLength ?? 0;
    expect(JSON.parse(body.toString('utf8', 0, end))).toEqual({
      model_name: 'm',
      model_version: '1',
      id: 'é',
      outputs: [
        { name: 'q', datatype: 'INT32', shape: [1, 1], parameters: { binary_data_size: 4 } },
        { name: 'p', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
      ],
    });
    expect(body.readInt32LE(end)).toBe(3);
    expect(body.byteLength).toBe(end + 4);
  });
});

function thrownBy(act: () => unknown): ServingError {
  try {
    act();
  } catch (error) {
    if (error instanceof ServingError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
