import { describe, expect, test } from 'vitest';
import { judge, judgeAll } from '../../../harness/gates/budget.ts';
import { expressionsOf } from '../../../harness/gates/recommend.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import { plantRecord } from '../../support/planted-records.ts';

/** The case of one cell of the planted table, at 500/s for 4 s. */
function caseOf(cell: string, rate = 500): CaseRecord {
  const record: RunRecord = plantRecord({
    steps: { '40%': rate },
    settings: [{ axes: { batch: '8' }, saturation: 200, p99: [cell], meanBatch: 4 }],
  });
  const found = record.cases.at(-1);
  if (found === undefined) throw new Error('nothing planted');
  return found;
}

function judged(record: CaseRecord, text: string) {
  const [expression] = expressionsOf([text]);
  if (expression === undefined) throw new Error(text);
  return judge(record, expression);
}

describe('an interval decides where it lies wholly on one side', () => {
  test.each([
    ['44 40-49', 'p99 < 50ms', 'pass'],
    ['44 40-52', 'p99 < 50ms', 'inconclusive'],
    ['44 40-50', 'p99 < 50ms', 'inconclusive'],
    ['55 48-60', 'p99 < 50ms', 'inconclusive'],
    ['55 50-60', 'p99 < 50ms', 'fail'],
    ['55 50-60', 'p99 <= 50ms', 'inconclusive'],
    ['44 40-50', 'p99 <= 50ms', 'pass'],
    ['55 51-60', 'p99 > 50ms', 'pass'],
    ['44 40-49', 'p99 > 50ms', 'fail'],
    ['44 40-49', 'throughput > 480/s', 'pass'],
    ['44 40-49', 'throughput > 495/s', 'inconclusive'],
    ['44 40-49', 'batch.meanRows >= 4', 'pass'],
    ['44 40-49', 'service.p99 < 50ms', 'pass'],
    ['44 40-49', 'unsent < 1', 'pass'],
  ])('%s against %s: %s', (cell, text, outcome) => {
    expect(judged(caseOf(cell), text).outcome).toBe(outcome);
  });

  test('the sentence has the figure, its interval and the bound', () => {
    expect(judged(caseOf('44 40-49'), 'p99<50ms').message).toBe(
      'p99 44 ms (95 % interval 40-49 ms) keeps p99 < 50 ms',
    );
    expect(judged(caseOf('47 43-52'), 'p99<50ms').message).toBe(
      'p99 47 ms (95 % interval 43-52 ms) neither keeps nor breaks p99 < 50 ms, because its interval holds the bound',
    );
  });
});

describe('bounds decide, not doubts', () => {
  test('a late client only lengthens response times: well below the bound passes', () => {
    // Its dispatch lag reaches 10 ms, so 12 (interval to 14) may stand for 24 at most.
    const record = caseOf('limited 12 11-14');
    expect(judged(record, 'p99 < 50ms').outcome).toBe('pass');
    expect(judged(record, 'p99 < 50ms').message).toContain('although the case is client-limited');
    expect(judged(record, 'p99 < 20ms').outcome).toBe('inconclusive');
  });

  test('a fail by a late client is inconclusive', () => {
    expect(judged(caseOf('limited 90 80-99'), 'p99 < 50ms').outcome).toBe('inconclusive');
  });

  test('a late client that left arrivals unsent proves nothing about latency', () => {
    const record = caseOf('limited 12 11-14');
    record.counts.unsent = 5;
    expect(judged(record, 'p99 < 50ms').outcome).toBe('inconclusive');
  });

  test('a throughput floor that a limited client reached is reached; one that it missed is not missed', () => {
    const record = caseOf('limited 12 11-14');
    expect(judged(record, 'throughput > 400/s').outcome).toBe('pass');
    expect(judged(record, 'throughput > 600/s').outcome).toBe('inconclusive');
  });

  test('an overloaded case fails every latency budget, however wide', () => {
    for (const cell of ['over', 'refused']) expect(judged(caseOf(cell), 'p99 < 60s').outcome).toBe('fail');
    expect(judged(caseOf('over'), 'throughput > 150/s').outcome).toBe('pass');
  });

  test('an unsteady case passes where its maximum does, and fails where its best window does', () => {
    const record = caseOf('unsteady 44 40-49');
    record.credibility.reasons = [{ id: 'unsteady', message: 'drifts', advice: 'wait' }];
    expect(judged(record, 'p99 < 50ms').outcome).toBe('inconclusive');
    expect(judged(record, 'p99 < 56ms').outcome).toBe('pass');
    expect(judged(record, 'p99 < 30ms').outcome).toBe('fail');
  });

  test('nothing is decided by a clock that cannot be trusted', () => {
    const record = caseOf('unsteady 44 40-49');
    record.credibility.reasons = [{ id: 'clock-drift', message: 'drifts', advice: 'wait' }];
    expect(judged(record, 'p99 < 60s').outcome).toBe('inconclusive');
    expect(judged(record, 'p99 < 1us').outcome).toBe('inconclusive');
  });
});

describe('censored and missing percentiles', () => {
  test('a rank among censored requests never passes, and fails above the bound', () => {
    const record = caseOf('44 40-49');
    record.latencyMs.response.p99 = { missing: 'its rank falls among censored requests', above: 990 };
    expect(judged(record, 'p99 < 2s').outcome).toBe('inconclusive');
    expect(judged(record, 'p99 < 50ms')).toMatchObject({
      outcome: 'fail',
      message: 'p99 > 990 ms breaks p99 < 50 ms',
    });
  });

  test('an interval without upper end is bounded by the maximum or the time-out, as a missing percentile is', () => {
    const record = caseOf('44 40-49');
    record.latencyMs.response.p99 = { value: 44, low: 40, high: null, n: 2000 };
    record.latencyMs.response.max = 55;
    expect(judged(record, 'p99 < 56ms').outcome).toBe('pass');
    expect(judged(record, 'p99 < 54ms').outcome).toBe('inconclusive');
    expect(judged(record, 'p99 < 45ms').outcome).toBe('inconclusive');
    record.latencyMs.response.max = { missing: '30 requests have no end', above: 900 };
    record.counts = { ...record.counts, timedOut: Math.ceil(record.counts.scheduled / 50) };
    expect(judged(record, 'p99 < 60s').outcome).toBe('inconclusive');
  });

  // 0.99^n <= 2.5 % from n = 368 on: the maximum of so many is an upper end of p99.
  test.each([
    [367, 1, 'inconclusive'],
    [368, 1, 'pass'],
    [368, 1.4, 'inconclusive'],
    [516, 1.4, 'pass'],
  ])('%i requests at design effect %d, maximum 55 ms, against 60 ms: %s', (ok, designEffect, outcome) => {
    const record = caseOf('44 40-49');
    record.counts = { ...record.counts, scheduled: ok, sent: ok, ok };
    record.designEffect = designEffect;
    record.latencyMs.response.p99 = { missing: 'p99 needs 459 requests' };
    expect(judged(record, 'p99 < 60ms').outcome).toBe(outcome);
  });

  test('with 40 requests the time-out still bounds it, unless requests did time out', () => {
    const record = caseOf('few');
    expect(judged(record, 'p99 < 60s')).toMatchObject({
      outcome: 'pass',
      message: expect.stringContaining('the time-out of 10000 ms'),
    });
    expect(judged(record, 'p99 < 5s').outcome).toBe('inconclusive');
    record.counts = { ...record.counts, ok: 39, timedOut: 1 };
    expect(judged(record, 'p99 < 60s').outcome).toBe('inconclusive');
  });

  test('a lower percentile above the bound breaks a higher one that is missing', () => {
    const record = caseOf('44 40-49');
    record.latencyMs.response.p99 = { missing: 'p99 needs 459 requests' };
    expect(judged(record, 'p99 < 30ms').outcome).toBe('fail');
  });
});

describe('errors', () => {
  test.each([
    [0, 'errors < 0.1%', 'pass'],
    [1, 'errors < 0.1%', 'pass'],
    // 3 of 2,000 is 0.15 %, but as few may come of 0.05 %.
    [3, 'errors < 0.1%', 'inconclusive'],
    [20, 'errors < 0.1%', 'fail'],
  ])('%i of 2,000 failed against %s: %s', (failed, text, outcome) => {
    const record = caseOf('44 40-49');
    record.counts = { ...record.counts, ok: 2000 - failed, failed };
    expect(judged(record, text).outcome).toBe(outcome);
  });

  test('a latency budget implies errors < 1 %, unless another is stated', () => {
    const record = caseOf('44 40-49');
    record.counts = { ...record.counts, ok: 1900, failed: 100 };
    const outcomes = (...texts: string[]) =>
      judgeAll(record, expressionsOf(texts)).map(({ outcome }) => outcome);
    expect(outcomes('p99 < 50ms')).toEqual(['pass', 'fail']);
    expect(outcomes('p99 < 50ms', 'errors < 10%')).toEqual(['pass', 'pass']);
    expect(outcomes('throughput > 400/s')).toEqual(['pass']);
  });
});
