import { expect, test } from 'vitest';
import { parseStatistics, statisticsDelta } from '../../../harness/targets/statistics.ts';
import type { ServerStatistics } from '../../../harness/targets/target.ts';

const duration = (count: number, ns: number) => ({ count, ns });
const compute = (count: number) => ({
  compute_input: duration(count, 1),
  compute_infer: duration(count, 2),
  compute_output: duration(count, 3),
});

/** As Triton answers, with our server's additions. */
const answer = (executed: number) => ({
  model_stats: [
    {
      name: 'recommender',
      version: '1',
      last_inference: 1_800_000_000_000,
      inference_count: 8 * executed,
      execution_count: 2 * executed,
      inference_stats: {
        success: duration(6 * executed, 999),
        fail: duration(executed, 5),
        queue: duration(6 * executed, 12_000_000 * executed),
        compute_input: duration(6 * executed, 1_000_000 * executed),
        compute_infer: duration(6 * executed, 10_000_000 * executed),
        compute_output: duration(6 * executed, 1_000_000 * executed),
        cache_hit: duration(0, 0),
        cache_miss: duration(0, 0),
      },
      batch_stats: [
        { batch_size: 1, ...compute(executed) },
        { batch_size: 7, ...compute(executed) },
      ],
      inferometer: {
        arrivals: 7 * executed,
        rejected: executed,
        padded_rows: 0,
        release: { full: 0, delay: executed, idle: executed },
      },
    },
  ],
});

const parsed = (executed: number) => parseStatistics(answer(executed), 'recommender') as ServerStatistics;

test('two snapshots differ by what one case did', () => {
  expect(statisticsDelta(parsed(10), parsed(13))).toEqual({
    batch: {
      meanRows: 4,
      paddedRows: 0,
      executions: 6,
      rowsExecuted: 24,
      histogram: { '1': 3, '7': 3 },
      release: { delay: 3, idle: 3 },
    },
    cache: { missing: 'no request was looked up in a cache' },
    serverMs: { queue: 2, compute: 2 },
    serverArrivals: 21,
  });
});

test('versions of one model add up; other models do not count', () => {
  const [one] = answer(1).model_stats;
  const both = { model_stats: [one, { ...one, version: '2' }, { ...one, name: 'other' }] };
  expect(parseStatistics(both, 'recommender')).toMatchObject({
    rowsExecuted: 16,
    batchSizes: { '1': 2, '7': 2 },
  });
});

test("a server that does not say why batches left has no arrivals and an empty 'release'", () => {
  const triton = (executed: number) => {
    const [{ inferometer: _, ...stats } = {}] = answer(executed).model_stats;
    return parseStatistics({ model_stats: [stats] }, 'recommender');
  };
  expect(triton(1)).not.toHaveProperty('arrivals');
  expect(statisticsDelta(triton(1), triton(2))).toMatchObject({
    serverArrivals: { missing: 'the server does not count arrivals' },
    batch: { meanRows: 4, release: {} },
  });
});

test('what cannot be said has its reason', () => {
  expect(statisticsDelta({ missing: 'none' }, parsed(1)).batch).toEqual({ missing: 'none' });
  expect(statisticsDelta(parsed(1), { missing: 'gone' }).serverMs.queue).toEqual({ missing: 'gone' });
  expect(statisticsDelta(parsed(5), parsed(1)).batch).toMatchObject({
    missing: expect.stringContaining('restarted'),
  });
  expect(statisticsDelta(parsed(5), parsed(5))).toMatchObject({
    batch: { missing: 'the server executed nothing' },
    serverArrivals: 0,
  });
  const sizeless = (executed: number) => ({ ...parsed(executed), batchSizes: {} });
  expect(statisticsDelta(sizeless(1), sizeless(2))).toMatchObject({
    batch: { missing: 'the server does not count its batches by size' },
    serverMs: { queue: 2 },
  });
  expect(parseStatistics(undefined, 'm')).toEqual({
    missing: "the server's statistics do not name the model m",
  });
});

test('where a replica took its counters along, what arrived is known all the same, and nothing else', () => {
  const after = { ...parsed(11), arrivals: 100, replicasLost: 1 };
  const delta = statisticsDelta({ ...parsed(13), arrivals: 58, replicasLost: 0 }, after);
  const missing = 'a replica was killed, and its counters went with it';
  expect(delta).toMatchObject({ serverArrivals: 42, batch: { missing }, serverMs: { queue: { missing } } });
  const { arrivals: _, ...uncounted } = after;
  expect(statisticsDelta(parsed(13), uncounted).serverArrivals).toEqual({ missing });
  // The next case begins and ends without it.
  const later = { ...parsed(14), arrivals: 121, replicasLost: 1 };
  expect(statisticsDelta(after, later)).toMatchObject({ serverArrivals: 21, batch: { executions: 6 } });
});
