import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STEP_NAMES, type StepName } from '../../../reference-server/pipeline/step-kinds.ts';
import { type Given, runSteps } from './run-steps.ts';

const number = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN));
const category = fc.integer({ min: 0, max: 2 });
const text = fc.constantFrom('', 'one', 'two words', 'Three, words!', 'one one');
const three = <T>(each: fc.Arbitrary<T>) => fc.tuple(each, each, each);

/** Two PNG files of two pixels each. */
const IMAGES = [
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4AWPkEpH7LycnxwAAB6sBlwy/88wAAAAASUVORK5CYII=',
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR4AWM8wRD1355jKQMAD8cDD+JsRVcAAAAASUVORK5CYII=',
].map((base64) => Buffer.from(base64, 'base64'));

interface Sample {
  readonly declared: object;
  readonly datatype: Given['datatype'];
  readonly row: fc.Arbitrary<readonly unknown[]>;
}

/** Each kind over rows of three numbers, or one text. */
const SAMPLES: Readonly<Record<StepName, Sample>> = {
  cleanse: { declared: { unknown: [-9], low: [-5, 0, 1] }, datatype: 'FP32', row: three(number) },
  impute: { declared: { value: [1, 2, 3] }, datatype: 'FP64', row: three(number) },
  clip: { declared: { low: -1, high: [1, 2, 3] }, datatype: 'FP32', row: three(number) },
  normalise: { declared: { mean: [1, 2, 3], deviation: 2 }, datatype: 'FP32', row: three(number) },
  cross: {
    declared: {
      crosses: [
        [0, 1],
        [2, 0],
      ],
      sizes: [3, 3, 3],
    },
    datatype: 'INT64',
    row: three(category),
  },
  polynomial: { declared: { degree: 3 }, datatype: 'FP64', row: three(number) },
  oneHot: { declared: { categories: [0, 2] }, datatype: 'INT32', row: three(category) },
  select: { declared: { columns: [2, 1] }, datatype: 'INT8', row: three(category) },
  join: { declared: { from: ['x', 'x'], to: 'y' }, datatype: 'UINT16', row: three(category) },
  transpose: {
    declared: { order: [2, 1] },
    datatype: 'INT64',
    row: fc.tuple(three(category), three(category)),
  },
  cast: { declared: { datatype: 'INT8' }, datatype: 'FP32', row: three(category) },
  tokenise: {
    declared: { to: ['ids', 'mask'], buckets: 50, length: 4 },
    datatype: 'BYTES',
    row: fc.tuple(text),
  },
  vectorise: { declared: { buckets: 5, divideBy: 'length' }, datatype: 'BYTES', row: fc.tuple(text) },
  image: { declared: { height: 1, width: 3 }, datatype: 'BYTES', row: fc.tuple(fc.constantFrom(...IMAGES)) },
  softmax: { declared: {}, datatype: 'FP32', row: three(category) },
  topK: {
    declared: { k: 2, to: ['s', 'p', 'l'], labels: ['a', 'b', 'c'] },
    datatype: 'FP32',
    row: three(number),
  },
  threshold: { declared: { at: [0, 1, 2] }, datatype: 'FP32', row: three(number) },
  calibrate: {
    declared: {
      isotonic: [
        [-1, 0],
        [4, 1],
      ],
    },
    datatype: 'FP32',
    row: three(number),
  },
};

/** A request's answer must not depend on what other rows it has. */
test.each(STEP_NAMES)('%s gives each row what it gives that row alone, in order', async (name) => {
  const { declared, datatype, row } = SAMPLES[name];
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 4 }), async (rows) => {
      const run = (values: readonly unknown[]) =>
        runSteps([{ step: name, from: 'x', ...declared }], { x: { datatype, values } });
      const together = await run(rows);
      const alone = await Promise.all(rows.map((each) => run([each])));
      for (const [output, { shape, values }] of Object.entries(together)) {
        expect(shape[0]).toBe(rows.length);
        expect(values).toEqual(alone.flatMap((one) => one[output]?.values ?? []));
        for (const one of alone) expect(one[output]?.shape.slice(1)).toEqual(shape.slice(1));
      }
    }),
    { numRuns: 12 },
  );
});
