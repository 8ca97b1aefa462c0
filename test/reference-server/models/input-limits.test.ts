import { describe, expect, test } from 'vitest';
import type { TensorSpec } from '../../../reference-server/execution/tensors.ts';
import type { InferRequest, Tensor } from '../../../reference-server/infer.ts';
import {
  fitLimits,
  type LimitsByInput,
  limitProblem,
  withinLimits,
} from '../../../reference-server/models/input-limits.ts';
import { parseModelFile } from '../../../reference-server/models/model-file.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';

const ids = (shape: number[], ...values: number[]): Tensor => {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name: 'ids', datatype: 'INT64', shape, data };
};
const floats = (...values: number[]): Tensor => {
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return { name: 'x', datatype: 'FP32', shape: [1, values.length], data };
};
const request = (...inputs: Tensor[]): InferRequest => ({ inputs, rows: inputs[0]?.shape[0] ?? 1 });

describe('a request', () => {
  const limits: LimitsByInput = {
    ids: { min: 0, max: 9, maxShape: [-1, 3] },
    x: { min: -1, sameShapeAs: 'ids' },
  };

  test.each([
    [[ids([1, 2], 0, 9)], undefined],
    [[ids([1, 2], 0, 10)], "input 'ids': element 1 is 10, the model takes 0 to 9"],
    [[ids([1, 2], -1, 0)], "input 'ids': element 0 is -1, the model takes 0 to 9"],
    [[ids([5, 1], 0, 0, 0, 0, 0)], undefined],
    [[ids([1, 4], 0, 0, 0, 0)], "input 'ids': shape is [1,4], the model takes at most [-1,3] (-1 is any)"],
    [[ids([1, 2], 0, 0), floats(-1, 1e9)], undefined],
    [[ids([1, 2], 0, 0), floats(-1.5, 0)], "input 'x': element 0 is -1.5, the model takes at least -1"],
    [[ids([1, 2], 0, 0), floats(0, Number.NaN)], "input 'x': element 1 is NaN, the model takes at least -1"],
    [[ids([1, 2], 0, 0), floats(0)], "input 'x': shape is [1,1], it must be that of 'ids', which is [1,2]"],
  ])('%#', (inputs, problem) => {
    expect(limitProblem(request(...inputs), limits)).toBe(problem);
  });

  test('values at any address are read', () => {
    const shifted = new Uint8Array(17);
    shifted.set(ids([1, 2], 3, 12).data, 1);
    for (const data of [shifted.subarray(1), Buffer.from(shifted.buffer).subarray(1)]) {
      expect(limitProblem(request({ ...ids([1, 2]), data }), limits)).toContain('element 1 is 12');
    }
  });

  test('that is beyond them is refused before anything else sees it', async () => {
    let seen = 0;
    const infer = withinLimits(async () => {
      seen += 1;
      return { outputs: [] };
    }, limits);
    const context = { receivedAtMs: 0, timings: newTimings() };
    await expect(infer(request(ids([1, 1], 10)), context)).rejects.toMatchObject({ status: 400 });
    expect(seen).toBe(0);
    await infer(request(ids([1, 1], 9)), context);
    expect(seen).toBe(1);
  });
});

describe('limits as they are declared', () => {
  const inputs: readonly TensorSpec[] = [
    { name: 'ids', datatype: 'INT64', shape: [-1, -1] },
    { name: 'mask', datatype: 'INT64', shape: [-1, -1] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
  ];
  const declared = (fields: string) => {
    const file = parseModelFile(`inputs: [${fields}]`);
    if (!('inputs' in file)) throw new Error(JSON.stringify(file));
    return fitLimits(file.inputs, inputs);
  };

  test('belong to the inputs that have any', () => {
    const fields =
      '{name: ids, min: 0, max: 9, maxShape: [-1, 64]}, {name: mask, sameShapeAs: ids}, {name: text}';
    expect(declared(fields)).toEqual({
      ids: { min: 0, max: 9, maxShape: [-1, 64] },
      mask: { sameShapeAs: 'ids' },
    });
  });

  test.each([
    ['{name: ids, min: 3, max: 2}', "input 'ids': min is 3, above max, which is 2"],
    ['{name: ids, maxShape: [4]}', "input 'ids': maxShape is [4], the model's shape is [-1,-1]"],
    ['{name: text, min: 0}', "input 'text': BYTES has no order, min and max say nothing of it"],
    [
      '{name: ids, sameShapeAs: id}',
      "input 'ids': sameShapeAs is 'id', which is no other input of the model",
    ],
    ['{name: ids, sameShapeAs: ids}', 'which is no other input'],
    ['{name: ids, sameShapeAs: text}', "its shape is [-1,-1], and can never be that of 'text', [-1]"],
    ['{name: ids, min: 3, max: 2}, {name: text, max: 0}', '; input '],
  ])('%s is refused', (fields, words) => {
    expect(declared(fields)).toContain(words);
  });
});
