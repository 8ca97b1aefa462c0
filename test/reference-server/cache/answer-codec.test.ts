import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinStrings } from '../../../reference-server/byte-elements.ts';
import { readAnswer, writeAnswer } from '../../../reference-server/cache/answer-codec.ts';
import { ELEMENT } from '../../../reference-server/execution/tensors.ts';
import type { Tensor } from '../../../reference-server/infer.ts';

const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
const sizeOf = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const fixed = fc
  .tuple(fc.string(), fc.constantFrom(...(Object.keys(ELEMENT) as (keyof typeof ELEMENT)[])), shape)
  .chain(([name, datatype, dims]) =>
    bytes(sizeOf(dims) * ELEMENT[datatype].bytes).map(
      (data): Tensor => ({ name, datatype, shape: dims, data }),
    ),
  );
const strings = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 4 }).map(
  (parts): Tensor => ({
    name: 'texts',
    datatype: 'BYTES',
    shape: [parts.length],
    data: joinStrings(parts),
  }),
);
const answers = fc.array(fc.oneof(fixed, strings), { maxLength: 3 });

const BEGAN = 1_795_000_000_000.125;
const write = (outputs: readonly Tensor[], beganAtEpochMs = BEGAN) =>
  writeAnswer({ outputs, beganAtEpochMs });
const plain = (outputs: readonly Tensor[] | undefined) =>
  outputs?.map((tensor) => ({ ...tensor, data: Buffer.from(tensor.data).toString('hex') }));

test('what is written is read again, whatever is in it', () => {
  fc.assert(
    fc.property(answers, fc.double({ noDefaultInfinity: true, noNaN: true }), (answer, began) => {
      const read = readAnswer(write(answer, began));
      expect(plain(read?.outputs)).toEqual(plain(answer));
      expect(read?.beganAtEpochMs).toBe(began);
    }),
    { numRuns: 200 },
  );
});

test('numbers of any size can be read where they lie, wherever the bytes came from', () => {
  const data = new Uint8Array(Float64Array.of(1.5, -2).buffer);
  const written = write([{ name: 'y', datatype: 'FP64', shape: [2], data }]);
  for (let offset = 0; offset < 8; offset++) {
    const read = readAnswer(Buffer.concat([Buffer.alloc(offset), written]).subarray(offset));
    const found = read?.outputs[0]?.data ?? data;
    expect([...new Float64Array(found.buffer, found.byteOffset, 2)]).toEqual([1.5, -2]);
  }
});

test('cut short, made longer, of another layout, or no answer at all: it is not read', () => {
  fc.assert(
    fc.property(answers, fc.nat(), (answer, at) => {
      const written = write(answer);
      expect(readAnswer(written.subarray(0, at % written.length))).toBeUndefined();
      expect(readAnswer(Buffer.concat([written, Buffer.of(0)]))).toBeUndefined();
      const older = Buffer.from(written);
      older[3] = '0'.charCodeAt(0);
      expect(readAnswer(older)).toBeUndefined();
      expect(readAnswer(write(answer, Number.NaN))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
      expect(readAnswer(Buffer.from(any))).toBeUndefined();
      expect(readAnswer(Buffer.concat([Buffer.from('IFA2'), any]))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test('a head that does not fit the bytes is not read', () => {
  const data = new Uint8Array(8);
  const described = (...fields: readonly unknown[]) => {
    const head = Buffer.from(JSON.stringify([fields]));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    return readAnswer(Buffer.concat([Buffer.from('IFA2'), Buffer.alloc(8), length, head, data]));
  };
  expect(described('y', 'FP32', [2], 8)?.outputs).toHaveLength(1);
  for (const fields of [
    ['y', 'FP32', [3], 8],
    ['y', 'FP33', [2], 8],
    ['y', 'constructor', [2], 8],
    ['y', 'FP32', [-2], 8],
    ['y', 'FP32', 'two', 8],
    [7, 'FP32', [2], 8],
    ['y', 'FP32', [2], '8'],
    ['y', 'FP32', [2]],
  ]) {
    expect(described(...fields)).toBeUndefined();
  }
});
