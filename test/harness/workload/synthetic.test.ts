import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import type { WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import type { ModelMetadata } from '../../../harness/targets/target.ts';
import { createWorkload } from '../../../harness/workload/create-workload.ts';
import { type Variation, variedValue } from '../../../harness/workload/workload.ts';

const MODEL: ModelMetadata = {
  name: 'm',
  inputs: [
    { name: 'ids', datatype: 'INT64', shape: [-1, 16] },
    { name: 'x', datatype: 'FP32', shape: [-1, 1000] },
  ],
  outputs: [],
  maxRows: 8,
};
const SPEC: WorkloadSpec = {
  rows: 4,
  encoding: 'binary',
  inputs: { ids: 'ints(3, 9)', x: 'normal(2, 0.5)' },
  distinct: 'all',
};

const workloadOf = (changes: Partial<WorkloadSpec> = {}, model = MODEL) =>
  createWorkload({ ...SPEC, ...changes }, [model], (stream) => seededRandom(1, stream));

describe('a synthetic workload', () => {
  it('draws what the distributions say, in the shape of the model', () => {
    const [ids, x] = workloadOf({ distinct: 2 }).sample(0).inputs;
    expect(ids?.shape).toEqual([4, 16]);
    expect(x?.shape).toEqual([4, 1000]);
    const values = Array.from(x?.values ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(2, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1);
    const drawn = new Set(Array.from(ids?.values ?? []));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  it('draws the same for the same number, and another for another', () => {
    expect(workloadOf().sample(1).inputs).toEqual(workloadOf().sample(1).inputs);
    expect(workloadOf().sample(1).inputs).not.toEqual(workloadOf().sample(2).inputs);
  });

  it('has as many samples as are to be distinct', () => {
    expect(workloadOf({ distinct: 3 }).samples).toBe(3);
    expect(workloadOf({ distinct: 3 }).sample(0).variation).toBeUndefined();
    expect(workloadOf().samples).toBe(64);
  });

  it('bounds the memory of big samples', () => {
    const image = { ...MODEL, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3, 512, 512] }] };
    expect(workloadOf({ inputs: {} }, image).samples).toBeLessThan(4);
  });

  it('names every problem at once', () => {
    const model: ModelMetadata = {
      ...MODEL,
      inputs: [
        { name: 'a', datatype: 'FP32', shape: [-1, -1] },
        { name: 'b', datatype: 'BYTES', shape: [-1] },
        { name: 'c', datatype: 'FP32', shape: [2, 3] },
      ],
    };
    const run = () => workloadOf({ rows: 9, inputs: { a: 'gamma(1, 2)', z: 'normal(0, 1)' } }, model);
    for (const part of [
      /no input z/,
      /gamma/,
      /how long are the variable dimensions/,
      /BYTES/,
      /exactly 2 rows/,
      /8 at most/,
    ]) {
      expect(run).toThrow(part);
    }
  });
});

describe('inputs with variable dimensions', () => {
  const text: ModelMetadata = {
    name: 'text',
    inputs: [
      {
        name: 'ids',
        datatype: 'INT64',
        shape: [-1, -1],
        exampleValues: 'ints(100, 8191)',
        exampleShape: [64],
      },
      { name: 'mask', datatype: 'INT64', shape: [-1, -1], exampleValues: 'ints(1, 1)', exampleShape: [64] },
    ],
    outputs: [],
  };

  it('take shape and values that the server gives as an example', () => {
    const [ids, mask] = workloadOf({ rows: 2, inputs: {} }, text).sample(3).inputs;
    expect([ids?.shape, mask?.shape]).toEqual([
      [2, 64],
      [2, 64],
    ]);
    const values = Array.from(ids?.values ?? []);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...values)).toBeLessThanOrEqual(8191);
    expect(new Set(values).size).toBeGreaterThan(100);
    expect(new Set(mask?.values)).toEqual(new Set([1]));
  });

  it('take those of the scenario before the server', () => {
    const changes = { rows: 1, inputs: { mask: 'ints(0, 1)' }, shapes: { ids: [5], mask: [5] } };
    const [ids, mask] = workloadOf(changes, text).sample(0).inputs;
    expect([ids?.shape, mask?.shape]).toEqual([
      [1, 5],
      [1, 5],
    ]);
    expect(new Set(mask?.values)).not.toEqual(new Set([1]));
  });

  it('may differ from class to class', () => {
    const spec = { ...SPEC, rows: 1, inputs: {} };
    const mix = [8, 32].map((length) => ({
      ...spec,
      name: `t${length}`,
      share: 0.5,
      shapes: { ids: [length], mask: [length] },
    }));
    const workload = workloadOf({ ...spec, mix }, text);
    const lengths = Array.from(
      { length: workload.samples },
      (_, n) => workload.sample(n).inputs[0]?.shape[1],
    );
    expect(new Set(lengths)).toEqual(new Set([8, 32]));
  });

  it('say what is missing, and what does not fit', () => {
    const image = { ...text, inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3, -1, -1] }] };
    expect(() => workloadOf({ inputs: {} }, image)).toThrow(
      /how long [\s\S]* shapes: \{ image: \[3, 64, 64\] \}/,
    );
    const wrong = () => workloadOf({ inputs: {}, shapes: { image: [4, 8, 8], id: [3] } }, image);
    expect(wrong).toThrow(/found \[4, 8, 8\]; the model takes \[3, -1, -1\]/);
    expect(wrong).toThrow(/no input id/);
  });

  it('ignore an example that makes no sense', () => {
    const odd = { name: 'x', datatype: 'FP32', shape: [-1, 2], exampleValues: 'many', exampleShape: [3] };
    const [x] = workloadOf({ inputs: {} }, { ...text, inputs: [odd] }).sample(0).inputs;
    expect(x?.shape).toEqual([4, 2]);
    expect(new Set(x?.values).size).toBe(8);
  });
});

describe('a variation', () => {
  const payload = (variation: Variation, index: number) =>
    Array.from({ length: variation.elements }, (_, position) =>
      variedValue(variation, index, position),
    ).join();

  it.each([
    ['FP32', 'normal(0, 1)'],
    ['FP32', 'uniform(1000, 1001)'],
    ['FP16', 'normal(0, 1)'],
    ['UINT8', 'ints(0, 255)'],
    ['INT64', 'ints(0, 1)'],
    ['BOOL', 'ints(0, 1)'],
  ])('makes 20,000 payloads of %s %s different, after rounding too', (datatype, text) => {
    const model = { ...MODEL, inputs: [{ name: 'x', datatype, shape: [-1, 64] }] };
    const { variation } = workloadOf({ rows: 1, inputs: { x: text } }, model).sample(0);
    if (variation === undefined) throw new Error('no variation');
    const seen = new Set<string>();
    for (let index = 0; index < 20_000; index++) seen.add(payload(variation, index));
    expect(seen.size).toBe(20_000);
    const neighbours = [0, 1, 2].map((index) => Math.fround(variedValue(variation, index, 0)));
    expect(new Set(neighbours).size).toBe(Math.min(3, variation.radix));
  });

  it('stays within the distribution', () => {
    const { variation, inputs } = workloadOf({ inputs: { ids: 'ints(3, 9)', x: 'constant(1)' } }).sample(0);
    expect(inputs[0]?.name).toBe('ids');
    expect(variation).toMatchObject({ radix: 7, from: 3, step: 1 });
  });

  it('is refused where no input can vary enough', () => {
    expect(() => workloadOf({ inputs: { ids: 'constant(1)', x: 'constant(1)' } })).toThrow(/distinct/);
  });

  it('sends the varied input first', () => {
    const { inputs } = workloadOf({ inputs: { ids: 'constant(1)', x: 'uniform(0, 1)' } }).sample(0);
    expect(inputs.map(({ name }) => name)).toEqual(['x', 'ids']);
  });
});
