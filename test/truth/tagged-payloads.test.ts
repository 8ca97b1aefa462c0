import { afterAll, expect, it } from 'vitest';
import { endServers } from '../reference-server/server-process.ts';
import { taggedLoad } from '../support/tagged-load.ts';

const REQUESTS = 100_000;

afterAll(endServers);

it('a hundred thousand payloads through both doors in every encoding: none is crossed, lost or counted twice', async () => {
  const { answered, wrong, rows, statistics } = await taggedLoad(REQUESTS, 128);
  expect(wrong).toEqual([]);
  const counts = Object.values(answered);
  expect(counts).toHaveLength(14);
  for (const count of counts) expect(Math.abs(count - REQUESTS / counts.length)).toBeLessThan(2);
  expect(statistics).toMatchObject({
    inference_count: rows,
    inference_stats: { success: { count: REQUESTS }, fail: { count: 0 } },
  });
  expect(statistics.execution_count).toBeLessThan(REQUESTS / 2);
});
