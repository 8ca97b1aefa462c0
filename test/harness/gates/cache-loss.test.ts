import { expect, test } from 'vitest';
import { cacheLossSentences } from '../../../harness/gates/cache-loss.ts';
import { expressionsOf } from '../../../harness/gates/recommend.ts';
import { settingWords } from '../../../harness/gates/wording.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import { plantCase } from '../../support/planted-case.ts';

const SLO = expressionsOf(['p99 < 50ms', 'errors < 0.1%']);
const words = (axes: Readonly<Record<string, string>>) => settingWords(axes, { cache: ['none', 'redis'] });

/** 4 s at 600/s whose cache goes away after 2 s; the p99 of each of its eight windows. */
function losing(cell: string, p99s: readonly number[], what = 'redis.stop'): CaseRecord {
  const axes = { cache: 'redis', load: '40%' };
  const planted = plantCase({
    axes,
    cell,
    rate: 600,
    saturation: 1000,
    bestRate: 1500,
    meanBatch: 4,
    rowsPerRequest: 1,
  });
  const windows = p99s.map((responseP99Ms, index) => ({
    startS: index * 0.5,
    durationS: 0.5,
    phase: 'measure' as const,
    arrivals: 300,
    ok: 300,
    notOk: 0,
    rows: 300,
    responseP50Ms: 1,
    responseP99Ms,
  }));
  const change = { trial: 0, what, plannedAtS: 2, atS: 2.001, endS: 2.004, message: 'gone', failed: false };
  return { ...planted, windows, changes: [change] };
}

test('a loss that is hardly felt, and the windows on both sides of it', () => {
  const [sentence] = cacheLossSentences([losing('24', [4, 5, 4, 4, 38, 12, 8, 5])], SLO, words);
  expect(sentence).toBe(
    'At 600/s cache redis holds p99 < 50 ms through the loss of its cache (redis.stop after 2 s): p99 was 5 ms at worst before it and 38 ms after; no request failed.',
  );
});

test('a loss that takes the server with it, and one that cannot be judged', () => {
  const [over] = cacheLossSentences([losing('over', [4, 5, 4, 4, 300, 700, 1100, 1500])], SLO, words);
  expect(over).toMatch(
    /^At 600\/s cache redis does not hold p99 < 50 ms through .* and 1\.5 s after; .* % failed/,
  );
  const [unsure] = cacheLossSentences([losing('47 44-53', [4, 5, 4, 4, 60, 20, 10, 5])], SLO, words);
  expect(unsure).toMatch(/cannot be shown to hold p99 < 50 ms/);
});

test('what was late before the loss did not become late by it', () => {
  const [sentence] = cacheLossSentences([losing('over', [60, 70, 300, 400, 500, 600, 700, 800])], SLO, words);
  expect(sentence).toMatch(
    /^At 600\/s cache redis did not keep to p99 < 50 ms even before the loss of its cache/,
  );
});

test('only what took a cache away counts, and without any that is said', () => {
  const none = /was not seen: no event of the scenario took one away/;
  expect(cacheLossSentences([], SLO, words)[0]).toMatch(none);
  expect(cacheLossSentences([losing('24', [1], 'split.set 2: 100%')], SLO, words)[0]).toMatch(none);
  const failed = losing('24', [1]);
  const changes = failed.changes?.map((one) => ({ ...one, failed: true })) ?? [];
  expect(cacheLossSentences([{ ...failed, changes }], SLO, words)[0]).toMatch(none);
});
