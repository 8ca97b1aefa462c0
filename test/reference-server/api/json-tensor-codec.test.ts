import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binaryMisfit } from '../../../reference-server/api/datatypes.ts';
import { bytesFromJson, jsonFromBytes } from '../../../reference-server/api/json-tensor-codec.ts';
import type { Datatype } from '../../../reference-server/infer.ts';

const bytesOf = (data: unknown, datatype: Datatype, shape: readonly number[]) =>
  bytesFromJson(data, datatype, shape, "input 'x'");

const VALUES: Readonly<Partial<Record<Datatype, fc.Arbitrary<unknown>>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.integer({ min: 0, max: 255 }),
  INT8: fc.integer({ min: -128, max: 127 }),
  UINT16: fc.integer({ min: 0, max: 65_535 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  UINT32: fc.integer({ min: 0, max: 4_294_967_295 }),
  INT32: fc.integer(),
  UINT64: fc.maxSafeNat(),
  INT64: fc.maxSafeInteger(),
  FP32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  FP64: fc.double({ noNaN: true, noDefaultInfinity: true }),
  BYTES: fc.string({ unit: 'grapheme' }),
};

describe('JSON tensors', () => {
  test.each(Object.keys(VALUES) as Datatype[])(
    '%s survives the round trip, flat and nested, unaligned too',
    (datatype) => {
      const value = VALUES[datatype] ?? fc.constant(0);
      fc.assert(
        fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), (rows) => {
          const shape = [rows.length, 2];
          const bytes = bytesOf(rows.flat(), datatype, shape);
          expect(bytesOf(rows, datatype, shape)).toEqual(bytes);
          expect(binaryMisfit(bytes, datatype, shape)).toBeUndefined();
          const shifted = new Uint8Array(bytes.byteLength + 1);
          shifted.set(bytes, 1);
          const json = jsonFromBytes({ name: 'y', datatype, shape, data: shifted.subarray(1) });
          // JSON has no negative zero.
          const expected = rows.flat().map((each) => (Object.is(each, -0) ? 0 : each));
          expect(JSON.parse(json)).toEqual(expected);
        }),
      );
    },
  );

  test('64-bit integers are printed with every digit', () => {
    const data = new Uint8Array(BigInt64Array.of(9_007_199_254_740_993n, -(2n ** 63n)).buffer);
    const json = jsonFromBytes({ name: 'y', datatype: 'INT64', shape: [2], data });
    expect(json).toBe('[9007199254740993,-9223372036854775808]');
  });

  // biome-ignore format: a table
  test.each<[unknown, Datatype, readonly number[], string]>([
    [[1, 2, 3],        'FP32',  [1, 4], 'data has 3 elements, shape [1,4] needs 4'],
    [[[1, 2], [3]],    'FP32',  [2, 2], 'data nests 1 elements at depth 1, shape [2,2] needs 2'],
    [[[1, 2]],         'FP32',  [2, 2], 'data nests 1 elements at depth 0, shape [2,2] needs 2'],
    [[[1, 2], 3],      'FP32',  [2, 2], 'data nests 3 at depth 1, shape [2,2] needs 2'],
    [[1, [2]],         'FP32',  [2],    'element 1 is an array, expected a number'],
    [[[[1], [2]]],     'FP32',  [1, 2], 'element 0 is an array, expected a number'],
    [{ a: 1 },         'FP32',  [1],    'data must be an array, found an object'],
    [undefined,        'FP32',  [1],    'data must be an array, found nothing'],
    [['1'],            'FP32',  [1],    'element 0 is "1", expected a number'],
    [[null],           'FP32',  [1],    'element 0 is null, expected a number'],
    [[1e39],           'FP32',  [1],    'element 0 is 1e+39, expected within FP32'],
    [[256],            'UINT8', [1],    'element 0 is 256, expected from 0 to 255'],
    [[-1],             'UINT64', [1],   'element 0 is -1, expected from 0 to 18446744073709551615'],
    [[1.5],            'INT32', [1],    'element 0 is 1.5, expected a whole number (beyond 2^53 only in binary)'],
    [[2 ** 53],        'INT64', [1],    'element 0 is 9007199254740992, expected a whole number (beyond 2^53 only in binary)'],
    [[1],              'BOOL',  [1],    'element 0 is 1, expected true or false'],
    [[1],              'BYTES', [1],    'element 0 is 1, expected a string'],
    [[1],              'FP16',  [1],    'FP16 cannot be given as JSON, use the binary tensor extension'],
  ])('%j as %s %j is refused', (data, datatype, shape, message) => {
    expect(() => bytesOf(data, datatype, shape)).toThrow(`input 'x': ${message}`);
  });

  test('what JSON cannot carry is refused, not printed as null', () => {
    const data = new Uint8Array(Float32Array.of(Number.NaN).buffer);
    expect(() => jsonFromBytes({ name: 'y', datatype: 'FP32', shape: [1], data })).toThrow('not a number');
    const half = { name: 'y', datatype: 'FP16', shape: [1], data: Uint8Array.of(0, 60) } as const;
    expect(() => jsonFromBytes(half)).toThrow('FP16');
    const broken = {
      name: 'y',
      datatype: 'BYTES',
      shape: [1],
      data: Uint8Array.of(1, 0, 0, 0, 255),
    } as const;
    expect(() => jsonFromBytes(broken)).toThrow('UTF-8');
  });
});

describe('binary tensors', () => {
  test.each<[Datatype, readonly number[], number[], string | undefined]>([
    ['INT16', [2], [1, 0, 2, 0], undefined],
    ['INT16', [2], [1, 0, 2], 'it has 3 bytes, INT16 of shape [2] needs 4'],
    ['BYTES', [2], [1, 0, 0, 0, 65, 0, 0, 0, 0], undefined],
    ['BYTES', [2], [1, 0, 0, 0, 65], 'it has 1 elements, shape [2] needs 2'],
    [
      'BYTES',
      [1],
      [9, 0, 0, 0, 65],
      'its bytes end inside an element: each is a length of 4 bytes, then its bytes',
    ],
    ['BYTES', [1], [1, 0], 'its bytes end inside an element: each is a length of 4 bytes, then its bytes'],
  ])('%s %j of %j', (datatype, shape, bytes, misfit) => {
    expect(binaryMisfit(Uint8Array.from(bytes), datatype, shape)).toBe(misfit);
  });
});
