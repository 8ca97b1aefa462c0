import { describe, expect, test } from 'vitest';
import { failedRequests } from '../../../harness/gates/failed-requests.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import { plantRecord } from '../../support/planted-records.ts';

const CARRIED_PER_S = 260;

/** Two settings at 200/s and 572/s; the second one carries 260/s and refuses the rest. */
function planted(): RunRecord {
  return plantRecord({
    steps: { '20%': 200, '40%': 572 },
    settings: [
      { axes: { batch: '32' }, saturation: 1430, p99: ['24', '24'] },
      { axes: { batch: '1' }, saturation: CARRIED_PER_S, p99: ['24', 'refused'] },
    ],
  });
}

function caseOf(record: RunRecord, id: string): CaseRecord {
  const found = record.cases.find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} was not planted`);
  return found;
}

/** As many of the case's requests as this end so, in these windows of its measure phase. */
function plantFailures(one: CaseRecord, byOutcome: Record<string, number>, windows: readonly number[]): void {
  const failed = Object.values(byOutcome).reduce((sum, count) => sum + count, 0);
  one.counts = {
    ...one.counts,
    ok: one.counts.sent - failed,
    failed,
    byOutcome: { ...byOutcome, ok: one.counts.sent - failed },
  };
  one.windows = one.windows.map((window, index) => ({
    ...window,
    notOk: windows.includes(index) ? Math.round(failed / windows.length) : 0,
  }));
}

const messageOf = (record: RunRecord) => failedRequests(record).map(({ message }) => message);

describe('failed requests', () => {
  test('none: nothing is said', () => {
    const record = planted();
    record.cases = record.cases.filter(({ counts }) => counts.failed === 0);
    expect(failedRequests(record)).toEqual([]);
  });

  test('more than the setting carries: how many, of which case, and what it carries', () => {
    const record = planted();
    const [told] = failedRequests(record);
    expect(told?.caseIds).toEqual(['batch=1,load=40%']);
    expect(told?.message).toBe(
      '1,248 requests failed: 1,248 of 2,288 with no batching at 572/s (more than the 260/s that it completes at saturation). They ended as http-5xx.',
    );
  });

  test('a closed pass is shared by settings that differ in their open load alone', () => {
    const record = planted();
    for (const one of record.cases) {
      if (one.load.shape !== 'closed') one.axes = { ...one.axes, gaps: 'even' };
    }
    expect(messageOf(record)[0]).toContain('(more than the 260/s that it completes at saturation)');
  });

  test('what the server said is quoted beside its outcome', () => {
    const record = planted();
    caseOf(record, 'batch=1,load=40%').events = [
      { atS: 4, message: 'the server said: grpc-unavailable: not this one' },
      { atS: 4, message: 'the server said: http-5xx: HTTP 503: full' },
    ];
    expect(messageOf(record)[0]).toContain('They ended as http-5xx ("HTTP 503: full").');
  });

  test('below what it carries: the time within which they came and went', () => {
    const record = planted();
    const one = caseOf(record, 'batch=32,load=40%');
    const measured = one.windows.flatMap(({ phase }, index) => (phase === 'measure' ? [index] : []));
    const early = measured.slice(0, Math.floor(measured.length / 2));
    record.cases = [caseOf(record, 'batch=32,load=saturation'), one];
    plantFailures(one, { 'http-5xx': 30, timeout: 10 }, early);
    expect(messageOf(record)[0]).toBe(
      '40 requests failed: 40 of 2,288 with batch 32 at 572/s (all within 0-2 s of 4 s). They ended: 30 as http-5xx and 10 as timeout.',
    );
    plantFailures(one, { 'http-5xx': 30, timeout: 10 }, measured);
    expect(messageOf(record)[0]).toContain('40 of 2,288 with batch 32 at 572/s. They');
  });

  test('after a change of the server: which', () => {
    const record = planted();
    const one = caseOf(record, 'batch=32,load=40%');
    record.cases = [one];
    plantFailures(one, { reset: 40 }, [one.windows.length - 2]);
    const { startS } = one.windows[one.windows.length - 2] ?? { startS: 0 };
    const change = { trial: 0, plannedAtS: startS, endS: startS, message: 'done', failed: false };
    one.changes = [{ ...change, what: 'replica.kill 1', atS: startS }];
    expect(messageOf(record)[0]).toContain(`(the most of them after replica.kill 1 at ${startS} s)`);
  });

  test('of many cases the three with the most are named', () => {
    const record = plantRecord({
      steps: { '30%': 400, '40%': 572, '50%': 715, '60%': 858 },
      settings: [{ axes: {}, saturation: 260, p99: ['refused', 'refused', 'refused', 'refused'] }],
    });
    const [message = ''] = messageOf(record);
    expect(message).toMatch(/^6,020 requests failed: 2,392 of 3,432 at 858\/s \(more than/);
    expect(message).toContain('; and 560 in 1 more case. They');
  });
});
