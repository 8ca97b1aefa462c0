import { describe, expect, test } from 'vitest';
import { finalWaitS, findingsOf, mostUsefulFirst } from '../../../harness/gates/findings.ts';
import { plantRecord, plantWinner } from '../../support/planted-records.ts';

function caseAt(id: string) {
  const record = plantWinner().cases.find((one) => one.id === id);
  if (record === undefined) throw new Error(`${id} was not planted`);
  return record;
}

describe('timed from the ask', () => {
  test('260/s offered 572/s: after 4 s the queue is 1,248 requests, worked off at 260/s in 4.8 s', () => {
    expect(finalWaitS(caseAt('batch=1,delay=0ms,load=40%'))).toBeCloseTo((4 * 572 - 4 * 260) / 260, 9);
  });

  test('a case that keeps up has no such wait', () => {
    expect(finalWaitS(caseAt('batch=32,delay=0ms,load=40%'))).toBeUndefined();
  });

  test('a bounded queue that refuses leaves nobody waiting', () => {
    const record = plantRecord({
      steps: { '40%': 572 },
      settings: [{ axes: { batch: '1' }, saturation: 260, p99: ['refused'] }],
    });
    const refused = record.cases.at(-1);
    expect(refused?.credibility.status).toBe('overloaded');
    expect(refused && finalWaitS(refused)).toBeUndefined();
    expect(findingsOf(record).map(({ id }) => id)).not.toContain('timed-from-ask');
  });

  test('both clocks stand in one sentence', () => {
    const record = plantRecord({
      steps: { '40%': 572 },
      settings: [{ axes: { batch: '1' }, saturation: 260, p99: ['over'] }],
    });
    const told = findingsOf(record).find(({ id }) => id === 'timed-from-ask');
    expect(told?.message).toContain(
      'Timed from the send over 32 connections, as most tools do, no batching at 572/s reads p99 131 ms',
    );
    expect(told?.message).toContain('after 4 s its users were waiting 4.8 s, and longer every second.');
  });
});

test('what qualifies a conclusion stands before what explains, and that before remarks', () => {
  expect(findingsOf(plantWinner()).map(({ id }) => id)).toEqual([
    'shared-host',
    'timed-from-ask',
    'knee',
    'no-gpu',
  ]);
  const remark = { id: 'something-new', message: '', advice: '' };
  const late = { id: 'client-limited', message: '', advice: '' };
  expect(mostUsefulFirst([remark, late]).map(({ id }) => id)).toEqual(['client-limited', 'something-new']);
});

test('the knee of the answer is bracketed by what was measured', () => {
  // Little: 1,072/s x 22 ms mean = 23.6 in flight.
  expect(findingsOf(plantWinner()).find(({ id }) => id === 'knee')?.message).toBe(
    'The knee of batch 32 and no queue delay lies between 24 requests in flight (1,072/s) and 32 requests in flight (1,430/s).',
  );
});

test('padding is told from a twentieth of the rows on', () => {
  const record = plantWinner();
  const batch = record.cases[3]?.batch;
  if (batch === undefined || 'missing' in batch) throw new Error('nothing planted');
  batch.paddedRows = Math.round(batch.rowsExecuted * 0.04);
  expect(findingsOf(record).map(({ id }) => id)).not.toContain('padding');
  batch.paddedRows = batch.rowsExecuted;
  expect(findingsOf(record).find(({ id }) => id === 'padding')?.message).toContain('50 %');
});

test('what a request carries is told where settings differ in it', () => {
  const record = plantWinner();
  const sizes = (bytes: (batch: string | undefined) => number) => {
    for (const one of record.cases) one.bodyBytes = { sent: bytes(one.axes.batch), received: 100 };
    return findingsOf(record).find(({ id }) => id === 'body-bytes')?.message;
  };
  expect(sizes(() => 602_112)).toBeUndefined();
  expect(sizes((batch) => (batch === '1' ? 105 : 100))).toBeUndefined();
  expect(sizes((batch) => (batch === '1' ? 602_300 : 8420))).toContain(
    'What a request carries depends on the setting: 602 kB with no batching, 8.42 kB with batch',
  );
});
