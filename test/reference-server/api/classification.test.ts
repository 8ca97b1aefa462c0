import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chosenOutput, chosenTensor } from '../../../reference-server/api/chosen-output.ts';
import { classified } from '../../../reference-server/api/classification.ts';
import { splitStrings } from '../../../reference-server/byte-elements.ts';
import type { Datatype, Tensor } from '../../../reference-server/infer.ts';

function scores(datatype: Datatype, values: Float32Array | Float64Array | BigInt64Array, shape: number[]) {
  return { name: 'p', datatype, shape, data: new Uint8Array(values.buffer) };
}

const texts = ({ data }: Tensor) => splitStrings(data)?.map((text) => Buffer.from(text).toString()) ?? [];

describe('the classification of an output', () => {
  test('the highest of each row, with their indexes and names', () => {
    const two = scores('FP32', Float32Array.of(0.1, 0.7, 0.2, 9, -1, 8), [2, 3]);
    const named = classified(two, 2, ['cat', 'dog', 'hen']);
    expect(named).toMatchObject({ name: 'p', datatype: 'BYTES', shape: [2, 2] });
    expect(texts(named)).toEqual(['0.7:1:dog', '0.2:2:hen', '9:0:cat', '8:2:hen']);
    expect(texts(classified(two, 1, undefined))).toEqual(['0.7:1', '9:0']);
  });

  test('no more than there are classes; those without a name have none', () => {
    const one = scores('FP32', Float32Array.of(1, 2), [1, 2]);
    const all = classified(one, 5, ['first']);
    expect(all.shape).toEqual([1, 2]);
    expect(texts(all)).toEqual(['2:1', '1:0:first']);
  });

  test('equals by index, infinities in their places, what is no number last', () => {
    const odd = Float64Array.of(Number.NaN, 1, Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY);
    expect(texts(classified(scores('FP64', odd, [1, 5]), 5, undefined))).toEqual([
      'Infinity:4',
      '1:1',
      '1:3',
      '-Infinity:2',
      'NaN:0',
    ]);
  });

  test('64-bit numbers are compared and written exactly; further dimensions are one list', () => {
    const big = BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n, -5n, 7n);
    expect(texts(classified(scores('INT64', big, [1, 2, 2]), 2, undefined))).toEqual([
      '9007199254740993:1',
      '9007199254740992:0',
    ]);
  });

  test('whatever the scores: sorted, each the number that its index has', () => {
    const rows = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 40 }), (row, most) => {
        const values = Float32Array.from(row);
        const found = texts(classified(scores('FP32', values, [1, row.length]), most, undefined)).map(
          (text) => text.split(':').map(Number) as [number, number],
        );
        expect(found).toHaveLength(Math.min(most, row.length));
        for (const [value, index] of found) expect(Math.fround(value) === values[index]).toBe(true);
        const sorted = [...values].sort((a, b) => b - a).slice(0, most);
        // 0 and -0 are equals.
        const plain = (value: number) => (value === 0 ? 0 : Math.fround(value));
        expect(found.map(([value]) => plain(value))).toEqual(sorted.map(plain));
      }),
    );
  });
});

describe('the choice of an output', () => {
  const model = {
    name: 'm',
    inputs: [],
    outputs: [
      { name: 'p', datatype: 'FP32', shape: [-1, 3] },
      { name: 't', datatype: 'BYTES', shape: [-1, 1] },
    ],
    maxRows: 1,
  } as const;

  test('gets the tensor, or its classes by the names of that output', () => {
    const response = { outputs: [scores('FP32', Float32Array.of(3, 1, 2), [1, 3])] };
    const plain = chosenOutput('p', { binary_data: true }, model);
    expect(chosenTensor(response, plain, {})).toBe(response.outputs[0]);
    const best = chosenOutput('p', { classification: 1 }, model);
    expect(texts(chosenTensor(response, best, { p: ['a', 'b', 'c'], other: ['x'] }))).toEqual(['3:0:a']);
  });

  test.each([
    ['p', { classification: 0 }, '"classification" must be a whole number from 1, found 0'],
    ['p', { classification: '2' }, 'found "2"'],
    ['t', { classification: 2 }, "output 't': BYTES has no order"],
    ['q', {}, "model 'm' has no output 'q', it has 'p', 't'"],
    [undefined, {}, 'no output (no name given)'],
    ['p', { shared_memory_region: 'r' }, 'shared memory is not supported'],
  ])('%s with %j is refused', (name, parameters, words) => {
    expect(() => chosenOutput(name, parameters, model)).toThrow(words);
  });
});
