import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fp32, fp64, int64, runSteps, step, tensorFrom, texts } from './run-steps.ts';

const { NaN: missing } = Number;

describe('cleansing, imputation, clipping, normalisation', () => {
  test('what is no valid value is missing: infinite, a sign of the unknown, outside of what can be', async () => {
    const x = fp32([0, Number.POSITIVE_INFINITY], [-999, 200], [missing, 201]);
    const declared = { step: 'cleanse', unknown: [-999], low: 0, high: [10, 200] };
    expect(await step(declared, x)).toEqual([0, missing, missing, 200, missing, missing]);
  });

  test('or the request is refused, with its place', async () => {
    const declared = { step: 'cleanse', high: 1, onInvalid: 'reject' };
    expect(await step(declared, fp32([1, 0]))).toEqual([1, 0]);
    await expect(step(declared, fp32([1, 1.5]))).rejects.toThrow(
      "the step 'cleanse': element 1 is 1.5, which is no valid value",
    );
  });

  test('what is missing is filled, by column', async () => {
    const x = fp32([missing, missing], [1, missing]);
    expect(await step({ step: 'impute', value: 7 }, x)).toEqual([7, 7, 1, 7]);
    expect(await step({ step: 'impute', value: [7, 8] }, x)).toEqual([7, 8, 1, 8]);
  });

  test('clipping moves to the nearest bound and leaves what is missing', async () => {
    const x = fp32([-5, 5, missing]);
    expect(await step({ step: 'clip', low: -1, high: 1 }, x)).toEqual([-1, 1, missing]);
    expect(await step({ step: 'clip', low: 0 }, x)).toEqual([0, 5, missing]);
    expect(await step({ step: 'clip', high: [-6, 1, 1] }, x)).toEqual([-6, 1, missing]);
  });

  test('normalising by mean and deviation, or by a range', async () => {
    const x = fp32([10, 1], [14, 3]);
    const byMean = { step: 'normalise', mean: [12, 2], deviation: [2, 0.5] };
    expect(await step(byMean, x)).toEqual([-1, -2, 1, 2]);
    expect(await step({ step: 'normalise', low: 10, high: 18 }, x)).toEqual([0, -1.125, 0.5, -0.875]);
  });

  test('columns along another axis: the channels of images, first or last', async () => {
    const first = fp64([[[1, 2]], [[30, 40]]]);
    const along = { step: 'normalise', mean: [1, 30], deviation: [1, 10], axis: 1 };
    expect(await step(along, first)).toEqual([0, 1, 0, 1]);
    const last = {
      datatype: 'UINT8',
      values: [
        [
          [
            [1, 30],
            [2, 40],
          ],
        ],
      ],
    } as const;
    const output = await runSteps([{ ...along, axis: 3, from: 'x' }], { x: last });
    expect(output.x).toEqual({ datatype: 'FP32', shape: [1, 1, 2, 2], values: [0, 0, 1, 1] });
  });

  test('whole numbers become FP32, FP64 stays', async () => {
    const clip = { step: 'clip', low: 0, from: 'x' };
    expect((await runSteps([clip], { x: int64([-1, 5]) })).x?.datatype).toBe('FP32');
    expect((await runSteps([clip], { x: fp64([-1, 5]) })).x?.datatype).toBe('FP64');
  });

  test('a tensor of nothing but rows has one column', async () => {
    expect(await step({ step: 'normalise', mean: [1], deviation: [2] }, fp32(1, 3, 5))).toEqual([0, 1, 2]);
  });

  test.each([
    [{ step: 'clip' }, 'low or high must be given'],
    [{ step: 'clip', low: 2, high: [3, 1] }, 'low: 2 is above high, 1'],
    [{ step: 'impute', value: [1, 2, 3] }, 'value: has 3 numbers for 2 columns'],
    [{ step: 'impute', value: 1, axis: 2 }, "axis: is 2, and 'x' has the dimensions [-1,2]"],
    [{ step: 'normalise', mean: 1 }, 'either mean and deviation, or low and high'],
    [{ step: 'normalise', mean: 1, high: 2 }, 'either mean and deviation, or low and high'],
    [{ step: 'normalise', mean: 1, deviation: [1, 0] }, 'deviation: must be above 0'],
    [{ step: 'normalise', low: 1, high: 1 }, 'high: must be above low'],
  ])('%j does not fit', async (declared, problem) => {
    await expect(step(declared, fp32([1, 2]))).rejects.toThrow(problem);
  });

  test('texts are no numbers', async () => {
    await expect(step({ step: 'clip', low: 1 }, texts('a'))).rejects.toThrow(
      "takes numbers, and 'x' is BYTES",
    );
  });
});

describe('columns', () => {
  test('feature selection, in the order that is asked for', async () => {
    const x = fp32([1, 2, 3], [4, 5, 6]);
    expect(await step({ step: 'select', columns: [2, 0] }, x)).toEqual([3, 1, 6, 4]);
    const pixels = int64(
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [
          [5, 6],
          [7, 8],
        ],
      ],
    );
    expect(await step({ step: 'select', columns: [1], axis: 2 }, pixels)).toEqual([3, 4, 7, 8]);
    await expect(step({ step: 'select', columns: [3] }, x)).rejects.toThrow("'x' has those from 0 to 2");
  });

  test('side by side', async () => {
    const inputs = { a: fp32([1], [2]), b: fp32([3, 4], [5, 6]) };
    const joined = await runSteps([{ step: 'join', from: ['b', 'a'], to: 'y' }], inputs);
    expect(joined.y).toEqual({ datatype: 'FP32', shape: [2, 3], values: [3, 4, 1, 5, 6, 2] });
    await expect(
      runSteps([{ step: 'join', from: ['a', 'b'], to: 'y' }], { ...inputs, b: int64([1], [2]) }),
    ).rejects.toThrow("takes one datatype, found 'a' FP32, 'b' INT64");
  });

  test('dimensions in another order: each element is where it should be', async () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shape, fc.integer({ min: 0, max: 23 }), async (sizes, choice) => {
        const order = permutation(sizes.length - 1, choice);
        const count = sizes.reduce((product, size) => product * size, 1);
        const nested = nest(
          Array.from({ length: count }, (_, at) => at),
          sizes,
        );
        const outputs = await runSteps([{ step: 'transpose', order, from: 'x' }], { x: int64(...nested) });
        const wanted = [sizes[0] ?? 0, ...order.map((axis) => sizes[axis] ?? 0)];
        expect(outputs.x?.shape).toEqual(wanted);
        const strides = sizes.map((_, at) =>
          sizes.slice(at + 1).reduce((product, size) => product * size, 1),
        );
        const expected = placesIn(wanted).map(([row = 0, ...places]) =>
          places.reduce(
            (sum, place, at) => sum + place * (strides[order[at] ?? 0] ?? 0),
            row * (strides[0] ?? 0),
          ),
        );
        expect(outputs.x?.values).toEqual(expected);
      }),
      { numRuns: 60 },
    );
    await expect(step({ step: 'transpose', order: [1, 1] }, fp32([[1]]))).rejects.toThrow(
      'each of 1, 2 once',
    );
  });

  test('another datatype: whole numbers are cut, and must fit', async () => {
    const cast = (datatype: string) => ({ step: 'cast', datatype });
    expect(await step(cast('INT8'), fp32([1.9, -1.9, -128]))).toEqual([1, -1, -128]);
    expect(await step(cast('INT64'), fp64([2 ** 53, -0.5]))).toEqual([2 ** 53, 0]);
    expect(await step(cast('BOOL'), fp32([0, 0.1]))).toEqual([false, true]);
    expect(await step(cast('FP64'), int64([7]))).toEqual([7]);
    for (const [datatype, value] of [
      ['UINT8', 256],
      ['UINT8', -1],
      ['INT64', 2 ** 63],
      ['INT32', missing],
    ]) {
      await expect(step(cast(String(datatype)), fp64([value]))).rejects.toThrow(`beyond ${datatype}`);
    }
  });

  test('products of columns, in the order that scikit-learn has', async () => {
    const x = fp32([2, 3]);
    expect(await step({ step: 'polynomial', degree: 2 }, x)).toEqual([1, 2, 3, 4, 6, 9]);
    expect(await step({ step: 'polynomial', degree: 3, one: false }, x)).toEqual([
      2, 3, 4, 6, 9, 8, 12, 18, 27,
    ]);
    const products = { step: 'polynomial', degree: 3, powers: false };
    expect(await step(products, fp32([2, 3, 5]))).toEqual([1, 2, 3, 5, 6, 10, 15, 30]);
    await expect(
      runSteps([{ ...products, degree: 8, powers: true, from: 'x' }], { x: fp32(new Array(50).fill(1)) }),
    ).rejects.toThrow('more than 65536 columns');
  });

  test('as many products as there are multisets of columns: C(n + d, d)', async () => {
    const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n - 1, k - 1) * n) / k);
    for (let columns = 1; columns <= 5; columns++) {
      for (let degree = 1; degree <= 4; degree++) {
        const found = await step({ step: 'polynomial', degree }, fp32(new Array(columns).fill(1)));
        expect(found).toHaveLength(Math.round(binomial(columns + degree, degree)));
      }
    }
  });
});

describe('categories', () => {
  test('a cross is the place among all combinations', async () => {
    const x = int64([1, 2, 3], [0, 0, 0]);
    const declared = {
      step: 'cross',
      crosses: [
        [0, 1],
        [2, 0],
      ],
      sizes: [2, 3, 4],
    };
    expect(await step(declared, x)).toEqual([1 * 3 + 2, 3 * 2 + 1, 0, 0]);
    await expect(step(declared, int64([1, 3, 0]))).rejects.toThrow(
      'column 1 has the category 3, there are 0 to 2',
    );
  });

  test('all combinations have places of their own, from 0 on', async () => {
    const rows = [0, 1].flatMap((a) => [0, 1, 2].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c])));
    const places = await step({ step: 'cross', crosses: [[0, 1, 2]], sizes: [2, 3, 4] }, int64(...rows));
    expect(places).toEqual(Array.from({ length: 24 }, (_, at) => at));
  });

  test('a hashed cross is in its buckets, equal for equal ones, and spread evenly', async () => {
    const names = Array.from({ length: 4000 }, (_, at) => [`shop-${at}`, `item-${at % 7}`]);
    const declared = { step: 'cross', crosses: [[0, 1], [1]], buckets: 16 };
    const found = await step(declared, { datatype: 'BYTES', values: names });
    expect(await step(declared, { datatype: 'BYTES', values: names })).toEqual(found);
    const counts = new Array(16).fill(0);
    for (let at = 0; at < found.length; at += 2) counts[Number(found[at])]++;
    // Chi-squared with 15 degrees of freedom: above 37.7 in one of 1,000.
    const chi = counts.reduce((sum, count) => sum + (count - 250) ** 2 / 250, 0);
    expect(chi).toBeLessThan(37.7);
    expect(new Set(found.filter((_, at) => at % 2 === 1)).size).toBeLessThanOrEqual(7);
  });

  test('a column for each category', async () => {
    expect(await step({ step: 'oneHot', size: 3 }, int64([2, 0]))).toEqual([0, 0, 1, 1, 0, 0]);
    const colours = { step: 'oneHot', categories: ['red', 'green'] };
    expect(await step(colours, texts('green', 'blue'))).toEqual([0, 1, 0, 0]);
    const strict = { ...colours, onUnknown: 'reject' };
    await expect(step(strict, texts('blue'))).rejects.toThrow('"blue", which is none of the categories');
    expect(await step({ step: 'oneHot', categories: [10, 20] }, int64([20]))).toEqual([0, 1]);
    expect(await step({ step: 'oneHot', size: 2 }, fp32([0.5, -1]))).toEqual([0, 0, 0, 0]);
  });
});

test('an input may lie anywhere in a request: unaligned bytes are the same numbers', async () => {
  const tensor = tensorFrom('x', fp64([1.5, -2]));
  const body = new Uint8Array(tensor.data.byteLength + 3);
  body.set(tensor.data, 3);
  const { clip } = (await import('../../../reference-server/pipeline/step-kinds.ts')).STEP_KINDS;
  const fitted = clip.fit({ low: 0 }, { takes: [{ ...tensor, shape: [-1, 2] }], gives: 1, files: {} });
  const [output] = fitted.run([{ ...tensor, data: body.subarray(3) }]);
  expect([...new Float64Array(output?.data.slice().buffer ?? new ArrayBuffer(0))]).toEqual([1.5, 0]);
});

function permutation(count: number, choice: number): number[] {
  const left = Array.from({ length: count }, (_, at) => at + 1);
  const order: number[] = [];
  for (let rest = choice; left.length > 0; rest = Math.floor(rest / (left.length + 1))) {
    order.push(...left.splice(rest % left.length, 1));
  }
  return order;
}

function nest(flat: readonly number[], [size = 0, ...sizes]: readonly number[]): unknown[] {
  if (sizes.length === 0) return [...flat];
  const each = flat.length / size;
  return Array.from({ length: size }, (_, at) => nest(flat.slice(at * each, (at + 1) * each), sizes));
}

function placesIn([size = 0, ...sizes]: readonly number[]): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: size }, (_, at) => at).flatMap((at) =>
    sizes.length === 0 ? [[at]] : placesIn(sizes).map((rest) => [at, ...rest]),
  );
}
