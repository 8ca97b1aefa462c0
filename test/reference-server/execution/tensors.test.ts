import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorSpec } from '../../../reference-server/execution/tensors.ts';
import {
  ELEMENT,
  type FixedDatatype,
  requestProblem,
  sharedRowShape,
  split,
  stack,
} from '../../../reference-server/execution/tensors.ts';
import type { InferRequest } from '../../../reference-server/infer.ts';

const SPECS: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }];

function request(over: Partial<InferRequest['inputs'][number]> = {}, rows = 2): InferRequest {
  return {
    rows,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 2], data: new Uint8Array(16), ...over }],
  };
}

describe('requestProblem', () => {
  it('accepts what fits', () => {
    expect(requestProblem(SPECS, request())).toBeUndefined();
  });

  it.each([
    ['another name', request({ name: 'y' }), 'no input "y"; it has x'],
    ['no input', { rows: 2, inputs: [] }, '"x" is missing'],
    ['an input twice', { rows: 2, inputs: [...request().inputs, ...request().inputs] }, 'given twice'],
    ['another datatype', request({ datatype: 'FP64' }), 'has datatype FP64, and must have FP32'],
    ['another shape', request({ shape: [2, 3] }), 'has shape [2,3], and must have [-1,2]'],
    ['another rank', request({ shape: [2] }), 'has shape [2]'],
    ['no rows', request({ shape: [0, 2], data: new Uint8Array() }, 0), 'has shape [0,2]'],
    ['rows that disagree', request({}, 3), 'has 2 rows, and the request has 3'],
    ['too few bytes', request({ data: new Uint8Array(15) }), 'has 15 bytes, and its shape needs 16'],
  ])('refuses %s', (_, given, sentence) => {
    expect(requestProblem(SPECS, given)).toContain(sentence);
  });
});

describe('stack and split', () => {
  const datatypes = Object.keys(ELEMENT) as FixedDatatype[];

  it('give every part its own bytes back, unaligned views included', () => {
    const partRows = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
    const columns = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(partRows, columns, fc.constantFrom(...datatypes), (rowsOf, width, datatype) => {
        const parts = rowsOf.map((rows, index): InferRequest => {
          const length = rows * width * ELEMENT[datatype].bytes;
          const data = new Uint8Array(length + 1).map((_, i) => index * 37 + i).subarray(1);
          return { rows, inputs: [{ name: 'x', datatype, shape: [rows, width], data }] };
        });
        const rows = rowsOf.reduce((sum, n) => sum + n, 0);
        const rowBytes = width * ELEMENT[datatype].bytes;
        const buffer = new ArrayBuffer((rows + 2) * rowBytes + 8);
        stack(parts, 'x', buffer, (rows + 2) * rowBytes, rowBytes);
        const row = (index: number) => [...new Uint8Array(buffer, index * rowBytes, rowBytes)];
        expect([row(rows), row(rows + 1)]).toEqual([row(rows - 1), row(rows - 1)]);
        const back = split(parts, [{ name: 'y', datatype, shape: [rows, width], buffer }]);
        expect(back.map((outputs) => outputs[0]?.shape)).toEqual(parts.map((part) => part.inputs[0]?.shape));
        expect(back.map((outputs) => [...(outputs[0]?.data ?? [])])).toEqual(
          parts.map((part) => [...(part.inputs[0]?.data ?? [])]),
        );
        expect(back.every((outputs) => outputs[0]?.data.buffer !== buffer)).toBe(true);
      }),
    );
  });

  it('see parts that cannot share a batch', () => {
    const wide = request({ shape: [1, 4] }, 1);
    expect(sharedRowShape([request(), request()], 'x')).toEqual([2]);
    expect(sharedRowShape([request(), wide], 'x')).toBeUndefined();
  });
});
