import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import type { KeysSpec, WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import type { ModelMetadata } from '../../../harness/targets/target.ts';
import { createWorkload } from '../../../harness/workload/create-workload.ts';
import { drawAt } from '../../../harness/workload/indexed-draws.ts';
import { popularityOf } from '../../../harness/workload/popularity.ts';
import { ZipfRanks, zipfMass } from '../../../harness/workload/zipf.ts';

const SPEC: WorkloadSpec = { rows: 1, encoding: 'binary', inputs: {}, distinct: 'all' };
const MODEL: ModelMetadata = {
  name: 'm',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 8] }],
  outputs: [],
};
const streams = (seed: number) => (stream: number) => seededRandom(seed, stream);
const popularity = (keys: KeysSpec, salt = 12345) => popularityOf({ ...SPEC, keys }, undefined, salt);

/** Chi-square over cells that each expect at least five, less its mean, in its own standard deviations. */
function chiSquareZ(found: readonly number[], expected: readonly number[]): number {
  let statistic = 0;
  let cells = -1;
  let [pooledFound, pooledExpected] = [0, 0];
  for (const [at, count] of found.entries()) {
    pooledFound += count;
    pooledExpected += expected[at] ?? 0;
    if (pooledExpected < 5) continue;
    statistic += (pooledFound - pooledExpected) ** 2 / pooledExpected;
    cells += 1;
    [pooledFound, pooledExpected] = [0, 0];
  }
  return (statistic - cells) / Math.sqrt(2 * cells);
}

function countsOf(keys: number, requests: number, keyOf: (index: number) => number): number[] {
  const counts = new Array<number>(keys).fill(0);
  for (let index = 0; index < requests; index++) {
    const key = keyOf(index);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('drawAt', () => {
  it('is uniform, and unrelated between neighbours and between salts', () => {
    const draws = Array.from({ length: 100_000 }, (_, index) => drawAt(99, index));
    const cells = countsOf(1000, draws.length, (index) => Math.floor((draws[index] ?? 0) * 1000));
    expect(Math.abs(chiSquareZ(cells, new Array(1000).fill(100)))).toBeLessThan(3.3);
    const correlation = (others: readonly number[]) =>
      draws.reduce((sum, draw, at) => sum + (draw - 0.5) * ((others[at] ?? 0.5) - 0.5), 0) /
      (draws.length / 12);
    expect(Math.abs(correlation(draws.slice(1)))).toBeLessThan(0.012);
    expect(Math.abs(correlation(draws.map((_, index) => drawAt(100, index))))).toBeLessThan(0.012);
  });

  it('goes on beyond 2^32', () => {
    expect(drawAt(1, 2 ** 32 + 5)).not.toBe(drawAt(1, 5));
    expect(drawAt(1, 2 ** 40)).toBeLessThan(1);
  });
});

describe('Zipf', () => {
  it.each([0, 0.5, 0.99, 1, 1.3, 3])('has the frequencies of its law at s = %d', (s) => {
    const requests = 200_000;
    const ranks = new ZipfRanks(1000, s, 7);
    const found = countsOf(1000, requests, (index) => ranks.at(index));
    const mass = zipfMass(1, 1000, s);
    const expected = found.map((_, rank) => (requests * (rank + 1) ** -s) / mass);
    expect(Math.abs(chiSquareZ(found, expected))).toBeLessThan(3.3);
  });

  it('sums its law as exactly beyond the first 10,000 terms', () => {
    for (const s of [0.5, 1, 1.3]) {
      let sum = 0;
      for (let k = 1; k <= 300_000; k++) sum += k ** -s;
      expect(zipfMass(1, 300_000, s) / sum - 1).toBeCloseTo(0, 8);
    }
  });

  it('stays within a hundred million keys', () => {
    const ranks = new ZipfRanks(100_000_000, 1, 3);
    const drawn = Array.from({ length: 20_000 }, (_, index) => ranks.at(index));
    expect(Math.min(...drawn)).toBe(0);
    expect(Math.max(...drawn)).toBeLessThan(100_000_000);
    expect(Math.max(...drawn)).toBeGreaterThan(90_000_000);
  });
});

describe('popularity', () => {
  it.each<KeysSpec>([
    { distribution: 'uniform', keys: 500 },
    { distribution: 'zipf', s: 1, keys: 500 },
    { distribution: 'zipf', s: 1.3, keys: 100_000 },
  ])('foretells the repeats and the share of the most popular of %o', (keys) => {
    const { keyOf, topShare, expectedRepeats, keys: count = 0 } = popularity(keys);
    const requests = 30_000;
    const found = countsOf(count, requests, keyOf);
    const distinct = found.filter((one) => one > 0).length;
    expect(1 - distinct / requests).toBeCloseTo(expectedRepeats(requests), 2);
    expect((found[0] ?? 0) / requests).toBeCloseTo(topShare, 2);
  });

  it('once: no key twice', () => {
    const { keyOf, keys, expectedRepeats } = popularity({ distribution: 'once' });
    expect([keyOf(5), keys, expectedRepeats(1e6)]).toEqual([5, undefined, 0]);
  });

  it('is another with another seed', () => {
    const [one, other] = [1, 2].map((salt) => popularity({ distribution: 'uniform', keys: 100 }, salt));
    const first = Array.from({ length: 50 }, (_, index) => one?.keyOf(index));
    expect(first).not.toEqual(Array.from({ length: 50 }, (_, index) => other?.keyOf(index)));
  });
});

describe('a workload', () => {
  const spec: WorkloadSpec = {
    ...SPEC,
    mix: [
      { ...SPEC, name: 'small', share: 0.9, keys: { distribution: 'zipf', s: 1, keys: 10_000 } },
      {
        ...SPEC,
        name: 'big',
        share: 0.1,
        rows: [
          { rows: 4, share: 0.25 },
          { rows: 32, share: 0.75 },
        ],
      },
    ],
  };
  const workload = createWorkload(spec, [MODEL], streams(7));
  const sampleAt = (index: number) => workload.sample(workload.sampleOf(index));

  it('asks the same whatever number of generators share it, and whatever order they ask in', () => {
    const whole = Array.from({ length: 3000 }, (_, index) => workload.sampleOf(index));
    const parts = [0, 1, 2].map((generator) => {
      const own = createWorkload(spec, [MODEL], streams(7));
      return Array.from({ length: 1000 }, (_, k) => own.sampleOf(generator + 3 * (999 - k))).reverse();
    });
    expect(whole.map((_, index) => parts[index % 3]?.[Math.floor(index / 3)])).toEqual(whole);
  });

  it('keeps the shares of classes and of rows', () => {
    const requests = 40_000;
    const classes = countsOf(2, requests, (index) => sampleAt(index).requestClass);
    expect(Math.abs(chiSquareZ(classes, [0.9 * requests, 0.1 * requests]))).toBeLessThan(3.3);
    const rows = countsOf(33, requests, (index) => sampleAt(index).rows);
    const shareOf32 = (rows[32] ?? 0) / ((rows[4] ?? 0) + (rows[32] ?? 0));
    expect(shareOf32).toBeCloseTo(0.75, 1);
    expect(rows[1]).toBe(classes[0]);
  });

  it('makes the payload a function of the key: rows and sample are those of the key', () => {
    const seen = new Map<number, number>();
    for (let index = 0; index < 20_000; index++) {
      const { requestClass, variation } = sampleAt(index);
      if (requestClass !== 0) continue;
      const key = variation?.keyOf(index) ?? 0;
      const sample = workload.sampleOf(index);
      expect(seen.get(key) ?? sample).toBe(sample);
      seen.set(key, sample);
    }
    expect(seen.size).toBeGreaterThan(1000);
    expect(seen.size).toBeLessThan(10_001);
    expect(new Set(seen.values()).size).toBe(64);
  });

  it('numbers its payloads, each with the sample and the key of the requests that send it', () => {
    const keys = { distribution: 'zipf', s: 1, keys: 10_000 } as const;
    const mix = [
      { ...SPEC, name: 'few', share: 0.5, distinct: 3 },
      {
        ...SPEC,
        name: 'many',
        share: 0.5,
        keys,
        rows: [
          { rows: 1, share: 0.5 },
          { rows: 2, share: 0.5 },
        ],
      },
    ];
    const counted = createWorkload({ ...SPEC, mix }, [MODEL], streams(7));
    expect(counted.payloads).toBe(10_003);
    for (let index = 0; index < 500; index++) {
      const sent = counted.sample(counted.sampleOf(index));
      const alone = counted.payload(counted.payloadOf(index));
      expect(alone.inputs).toEqual(sent.inputs);
      expect(alone.variation?.keyOf(123)).toBe(sent.variation?.keyOf(index));
    }
    expect(workload.payloads).toBeUndefined();
  });

  it('refuses so many numbers of rows that their payloads would not fit', () => {
    const rows = Array.from({ length: 20 }, (_, at) => ({ rows: 60_000 - at, share: 0.05 }));
    const wide = { ...MODEL, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1000] }] };
    expect(() => createWorkload({ ...SPEC, rows }, [wide], streams(1))).toThrow(/numbers of rows/);
  });
});
