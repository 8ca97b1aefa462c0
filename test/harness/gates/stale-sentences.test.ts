import { describe, expect, test } from 'vitest';
import { judge } from '../../../harness/gates/budget.ts';
import { expressionsOf } from '../../../harness/gates/recommend.ts';
import { stalenessSentences } from '../../../harness/gates/stale-sentences.ts';
import { settingWords } from '../../../harness/gates/wording.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { StalenessRecord } from '../../../harness/record/staleness.ts';
import { plantCase } from '../../support/planted-case.ts';

const words = (axes: Readonly<Record<string, string>>) =>
  settingWords(axes, { cache: ['none', 'local', 'ttl'] });

const FRESH = { missing: 'every answer was computed for its request' };
const NONE: StalenessRecord = {
  answers: 1000,
  aged: 0,
  ageMs: { p50: FRESH, p99: FRESH, max: FRESH },
  changes: [{ everyMs: 1000, stale: 0, rate: 0, low: 0, high: 0, expectedRate: 0 }],
};
const SOME: StalenessRecord = {
  answers: 1000,
  aged: 620,
  ageMs: { p50: 900, p99: 2500, max: 3400 },
  changes: [
    { everyMs: 1000, stale: 310, rate: 0.31, low: 0.27, high: 0.35, expectedRate: 0.32 },
    { everyMs: 10_000, stale: 41, rate: 0.041, low: 0.008, high: 0.12, expectedRate: 0.05 },
  ],
};

/** A case at that rate (none: the closed pass), of a cache of that name. */
function stale(cache: string, staleness?: StalenessRecord, rate?: number, ttlMs?: number): CaseRecord {
  const planted = plantCase({
    axes: { cache, load: rate === undefined ? 'saturation' : `${rate}/s` },
    cell: rate === undefined ? 'closed' : '24',
    ...(rate === undefined ? {} : { rate }),
    saturation: 1000,
    bestRate: 1000,
    meanBatch: 4,
    rowsPerRequest: 1,
  });
  const effective = { ...planted.target.effective, ...(ttlMs === undefined ? {} : { 'cache.ttlMs': ttlMs }) };
  const target = { ...planted.target, effective };
  return { ...planted, target, ...(staleness === undefined ? {} : { staleness }) };
}

describe('what the answer says of staleness', () => {
  test('each setting with a cache at its highest rate, and what bounds it', () => {
    const cases = [
      stale('none', NONE, 600),
      stale('local', { ...SOME, aged: 1 }),
      stale('local', { ...SOME, aged: 1 }, 300),
      stale('local', SOME, 600),
    ];
    expect(stalenessSentences(cases, words)).toEqual([
      'At 600/s cache local gives 62 % of its answers from computations of up to 3.4 s ago. If the data behind each changes every 1 s, 31 % of all its answers are stale (95 % interval 27-35 %); every 10 s, 4.1 % (0.8-12 %).',
      'Without a ttl answers grow older for as long as a cache lives, so a longer run finds more of them stale; a ttl of a hundredth of the time between two changes, less what a computation takes, keeps the share below 1 %.',
    ]);
  });

  test('a case to which something happened comes after the quiet ones, and all with a ttl are bounded', () => {
    const change = {
      trial: 0,
      what: 'cache.flush',
      plannedAtS: 1,
      atS: 1,
      endS: 1,
      message: '',
      failed: false,
    };
    const flushed = { ...stale('ttl', { ...SOME, aged: 1 }, 600, 500), changes: [change] };
    const [sentence, bound, ...others] = stalenessSentences([flushed, stale('ttl', SOME, 300, 500)], words);
    expect(sentence).toMatch(/^At 300\/s cache ttl gives 62 %/);
    expect(bound).toMatch(/^A ttl bounds their age; /);
    expect(others).toEqual([]);
  });

  test('where there is nothing to say, why', () => {
    expect(stalenessSentences([stale('none', NONE, 600)], words)).toEqual([
      'Every answer was computed for its request, so none was stale.',
    ]);
    expect(stalenessSentences([stale('none')], words)[0]).toMatch(/it takes workload\.changeEvery/);
  });
});

describe('cache.staleRate in a gate', () => {
  const judged = (text: string, staleness?: StalenessRecord) => {
    const [expression] = expressionsOf([text]);
    if (expression === undefined) throw new Error(text);
    return judge(stale('local', staleness, 600), expression);
  };

  test.each([
    ['stale < 40%', 'pass'],
    ['stale < 30%', 'inconclusive'],
    ['cache.staleRate < 20%', 'fail'],
  ])('%s: by the interval of the shortest time between changes: %s', (text, outcome) => {
    expect(judged(text, SOME).outcome).toBe(outcome);
  });

  test('says figure, interval and bound; none at all is exact; what was not counted cannot be judged', () => {
    expect(judged('stale < 30%', SOME).message).toBe(
      'cache.staleRate 31 % (95 % interval 27-35 %) neither keeps nor breaks cache.staleRate < 30 %, because its interval holds the bound',
    );
    expect(judged('stale <= 0%', NONE).message).toBe('cache.staleRate 0 % keeps cache.staleRate <= 0 %');
    expect(judged('stale < 1%').message).toContain('does not say how often');
  });
});
