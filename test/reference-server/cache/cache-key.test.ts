import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheKey } from '../../../reference-server/cache/cache-key.ts';
import type { InferRequest, Tensor } from '../../../reference-server/infer.ts';

interface Asked {
  readonly model: string;
  readonly version: string;
  readonly request: InferRequest;
}

const keyOf = ({ model, version, request }: Asked) => cacheKey(model, version, request);

const tensor: fc.Arbitrary<Tensor> = fc.record({
  name: fc.string({ maxLength: 4 }),
  datatype: fc.constantFrom('FP32', 'INT32', 'BYTES'),
  shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 12 }),
});

const asked: fc.Arbitrary<Asked> = fc.record({
  model: fc.string({ maxLength: 4 }),
  version: fc.string({ maxLength: 3 }),
  request: fc.record({
    inputs: fc.uniqueArray(tensor, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    rows: fc.constant(1),
    outputs: fc.uniqueArray(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    parameters: fc.dictionary(
      fc.string({ maxLength: 3 }),
      fc.oneof(fc.boolean(), fc.integer(), fc.string({ maxLength: 3 })),
      { maxKeys: 3 },
    ),
  }),
});

/** Each makes another request of one; the number says where. */
const CHANGES: Readonly<Record<string, (from: Asked, at: number) => Asked>> = {
  'the model': (from) => ({ ...from, model: `${from.model}'` }),
  'the version': (from) => ({ ...from, version: `${from.version}0` }),
  'model and version, joined the same': ({ model, version, request }) => ({
    model: `${model}1`,
    version: version.replace(/^/, '2'),
    request,
  }),
  'the name of an input': (from, at) =>
    withInput(from, at, (input) => ({ ...input, name: `${input.name}+++++` })),
  'a datatype': (from, at) => withInput(from, at, (input) => ({ ...input, datatype: 'UINT64' })),
  'a shape': (from, at) => withInput(from, at, (input) => ({ ...input, shape: [...input.shape, 1] })),
  'a dimension': (from, at) =>
    withInput(from, at, (input) => ({
      ...input,
      shape: [(input.shape[0] ?? 0) + 10, ...input.shape.slice(1)],
    })),
  'a bit': (from, at) =>
    withInput(from, at, (input) => ({
      ...input,
      data: input.data.map((byte, index) =>
        index === at % input.data.length ? byte ^ (1 << (at % 8)) : byte,
      ),
    })),
  'a byte more': (from, at) =>
    withInput(from, at, (input) => ({ ...input, data: Uint8Array.of(...input.data, 0) })),
  'an input more': (from) => withRequest(from, { inputs: [...from.request.inputs, EXTRA] }),
  'an output more': (from) => withRequest(from, { outputs: [...(from.request.outputs ?? []), 'further'] }),
  'a parameter more': (from) => withRequest(from, { parameters: { ...from.request.parameters, further: 1 } }),
};

const EXTRA: Tensor = { name: 'extra', datatype: 'FP32', shape: [1], data: new Uint8Array(4) };

function withRequest(from: Asked, change: Partial<InferRequest>): Asked {
  return { ...from, request: { ...from.request, ...change } };
}

function withInput(from: Asked, at: number, change: (input: Tensor) => Tensor): Asked {
  const { inputs } = from.request;
  return withRequest(from, {
    inputs: inputs.map((input, index) => (index === at % inputs.length ? change(input) : input)),
  });
}

describe('the key of an answer', () => {
  test.each(Object.entries(CHANGES))('another one: %s', (_, change) => {
    fc.assert(
      fc.property(asked, fc.nat(1000), (from, at) => {
        expect(keyOf(change(from, at))).not.toBe(keyOf(from));
      }),
    );
  });

  test('the same one: order of inputs, outputs and parameters, where the bytes lie, and what is of delivery', () => {
    fc.assert(
      fc.property(asked, (from) => {
        const { inputs, outputs = [], parameters = {} } = from.request;
        const moved = ({ data, ...rest }: Tensor) => ({
          ...rest,
          data: Buffer.concat([Buffer.from('before'), data]).subarray(6),
        });
        const turned = withRequest(from, {
          inputs: inputs.map(moved).reverse(),
          outputs: [...outputs, ...outputs].reverse(),
          parameters: Object.fromEntries([
            ['priority', 2],
            ['routing_key', 'somebody'],
            ['timeout', 5],
            ['binary_data_output', true],
            ...Object.entries(parameters).reverse(),
          ]),
        });
        expect(keyOf(turned)).toBe(keyOf(from));
      }),
    );
  });

  test('bytes do not move over from one tensor to the next, nor a text to a number', () => {
    const input = (name: string, ...bytes: number[]): Tensor => ({
      ...EXTRA,
      name,
      data: Uint8Array.from(bytes),
    });
    const key = (inputs: Tensor[], parameters = {}) => cacheKey('m', '1', { inputs, rows: 1, parameters });
    expect(key([input('a', 1, 2), input('b', 3)])).not.toBe(key([input('a', 1), input('b', 2, 3)]));
    expect(key([input('a', 1), input('b', 2)])).not.toBe(key([input('a', 2), input('b', 1)]));
    expect(key([], { a: 1 })).not.toBe(key([], { a: '1' }));
    expect(key([], { a: true })).not.toBe(key([], { a: 'true' }));
    expect(Buffer.from(key([]), 'base64')).toHaveLength(32);
  });
});
