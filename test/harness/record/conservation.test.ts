import { describe, expect, it } from 'vitest';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import { conservationProblems } from '../../../harness/record/conservation.ts';
import type { Counts } from '../../../harness/record/measured.ts';
import { plantCase } from '../../support/planted-case.ts';

const planted = (): CaseRecord =>
  plantCase({
    axes: { batch: '32', delay: '2ms', load: '40%' },
    cell: 'refused',
    rate: 400,
    saturation: 300,
    bestRate: 1000,
    meanBatch: 7,
    rowsPerRequest: 1,
  });

/** The problems of a case after a change to it. */
function broken(change: (record: CaseRecord) => Partial<CaseRecord>): string[] {
  const record = planted();
  return conservationProblems({ cases: [{ ...record, ...change(record) }] });
}

/** The whole and an empty class beside it, changed. */
function twoClasses(
  { all }: CaseRecord['classes'],
  changes: Partial<Counts>,
  rows = 0,
): CaseRecord['classes'] {
  if (all === undefined) throw new Error('no class');
  const none = { sent: 0, unsent: 0, ok: 0, failed: 0, timedOut: 0, cancelled: 0, inFlightAtEnd: 0 };
  return { a: all, b: { ...all, rows, counts: { scheduled: 0, ...none, byOutcome: {}, ...changes } } };
}

describe('conservation', () => {
  it('holds for a case that adds up', () => {
    expect(broken(() => ({}))).toEqual([]);
  });

  it.each<[string, (record: CaseRecord) => Partial<CaseRecord>, RegExp]>([
    [
      'a scheduled request is lost',
      (one) => counts(one, { scheduled: 1601 }),
      /scheduled 1601 is not sent 1600/,
    ],
    ['a sent request is lost', (one) => counts(one, { ok: 1199 }), /sent 1600 is not ok 1199/],
    [
      'a warm-up request is lost',
      (one) => ({ warmupCounts: { ...one.warmupCounts, sent: 41 } }),
      /warm-up: /,
    ],
    [
      'a class loses a request',
      ({ classes }) => ({
        classes: twoClasses(classes, { scheduled: 1, sent: 1, ok: 1, byOutcome: { ok: 1 } }),
      }),
      /the classes count 1601 scheduled, the case 1600/,
    ],
    [
      'a class loses rows',
      ({ classes }) => ({ classes: twoClasses(classes, {}, 5) }),
      /classes count 1205 rows/,
    ],
    ['an outcome has no name', (one) => counts(one, { byOutcome: { ok: 1200 } }), /outcomes name 1200/],
    ['an ok has another name', (one) => counts(one, { byOutcome: { reset: 1600 } }), /outcomes name 0 ok/],
    [
      'a trial does not add up',
      (one) => ({ trials: [{ ...trial(one), ...counts(one, { ok: 1 }) }] }),
      /trial 0: sent/,
    ],
    [
      'a trial is missing',
      (one) => ({ trials: [trial(one), trial(one)] }),
      /the trials count 3200 sent, the case 1600/,
    ],
    ['a batch is missing', (one) => batch(one, { histogram: { 7: 171 } }), /histogram holds 1197 rows/],
    ['a batch left for no reason', (one) => batch(one, { release: { full: 1 } }), /1 batches were released/],
    ['the server saw more', () => ({ serverArrivals: 1641 }), /1640 requests were sent/],
    ['the server saw less', () => ({ serverArrivals: 1639 }), /the server counted 1639/],
  ])('breaks when %s', (_, change, message) => {
    expect(broken(change).join('\n')).toMatch(message);
  });

  it('allows that a request that was reset never reached the server', () => {
    const reset = (one: CaseRecord) => {
      const changed = counts(one, { byOutcome: { ok: 1200, reset: 400 } });
      return { ...changed, trials: [{ ...trial(one), ...changed }], serverArrivals: 1240 };
    };
    expect(broken(reset)).toEqual([]);
  });

  it('asks nothing of a server that is not ours', () => {
    const foreign = (one: CaseRecord) =>
      ({ target: { ...one.target, kind: 'external' }, serverArrivals: 9_999 }) as const;
    expect(broken(foreign)).toEqual([]);
  });
});

function counts(one: CaseRecord, change: Partial<CaseRecord['counts']>): Pick<CaseRecord, 'counts'> {
  return { counts: { ...one.counts, ...change } };
}

function trial(record: CaseRecord): CaseRecord['trials'][number] {
  const [first] = record.trials;
  if (first === undefined) throw new Error('the planted case has no trial');
  return first;
}

function batch(record: CaseRecord, change: object): Partial<CaseRecord> {
  return { batch: { ...record.batch, ...change } };
}
