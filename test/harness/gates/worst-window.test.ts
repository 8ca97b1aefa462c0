import { expect, test } from 'vitest';
import { expressionsOf } from '../../../harness/gates/recommend.ts';
import { worstWindowSentences } from '../../../harness/gates/worst-window.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';

/** One window a second, each with its p99 in ms, or with requests that failed: `20x3`. */
function caseOf(rollout: string, windows: readonly string[], changes?: Readonly<Record<number, string>>) {
  const happened = Object.entries(changes ?? {}).map(([atS, what]) => ({ trial: 0, what, atS: Number(atS) }));
  return {
    axes: { rollout, load: '100/s' },
    load: { label: '100/s' },
    trials: [{}],
    durationS: windows.length,
    counts: { scheduled: 100 * windows.length },
    credibility: { status: 'valid', reasons: [] },
    windows: windows.map((written, startS) => {
      const [p99, notOk = '0'] = written.split('x');
      const responseP99Ms = p99 === '-' ? { missing: 'nothing was answered' } : Number(p99);
      return { startS, durationS: 1, phase: 'measure', ok: 100, notOk: Number(notOk), responseP99Ms };
    }),
    ...(changes === undefined ? {} : { changes: happened }),
  } as unknown as CaseRecord;
}

const slo = expressionsOf(['p99 < 50ms', 'errors < 0.1%']);
const words = (axes: Readonly<Record<string, string>>) => `rollout ${axes.rollout}`;
const CHANGES = { 2: 'model.load version 2', 3: 'split.set 2: 100%' };

test('a promise that held: the worst window, what it followed, and how it was without changes', () => {
  const cases = [caseOf('none', ['9', '14', '8', '7']), caseOf('there', ['12', '10', '31', '18.5'], CHANGES)];
  expect(worstWindowSentences(cases, slo, words)).toEqual([
    'p99 stayed below 50 ms in each of 4 windows: the worst window, 31 ms, followed model.load version 2 at 2 s.',
    'Without changes the worst was 12 ms before the first change and 14 ms with rollout none.',
    'The worst p99 of a window after each of them. model.load version 2: 31 ms; split.set 2: 100%: 18.5 ms.',
    'None of 400 requests failed.',
  ]);
});

test('a promise that did not: in how many windows, and after what requests were lost', () => {
  const cases = [caseOf('there', ['12', '10', '60x1', '-x7', '200'], CHANGES)];
  expect(worstWindowSentences(cases, slo, words)).toEqual([
    'p99 was not below 50 ms in 3 of 5 windows: the worst window, 200 ms, followed split.set 2: 100% at 3 s.',
    'Without changes the worst was 12 ms before the first change.',
    'The worst p99 of a window after each of them. model.load version 2: 60 ms; split.set 2: 100%: 200 ms.',
    '8 of 500 requests failed, the most of them after split.set 2: 100% at 3 s.',
  ]);
});

test('how often it broke without changes, and why the case is not to be quoted', () => {
  const reasons = [{ message: 'The client was late.' }];
  const late = {
    ...caseOf('there', ['12', '10', '60', '20'], CHANGES),
    credibility: { status: 'client-limited', reasons },
  };
  const cases = [caseOf('none', ['9', '55', '8', '7', '6']), late as unknown as CaseRecord];
  const [first, second] = worstWindowSentences(cases, slo, words);
  expect(first).toMatch(
    /^p99 was not below 50 ms in 1 of 4 windows \(without changes in 1 of 5\): the worst/,
  );
  expect(second).toBe('This case is client-limited, so do not quote it. The client was late.');
});

test('without a promised p99 the worst is told all the same; of several cases each says which it is', () => {
  const cases = [
    caseOf('a', ['5', '6'], { 1: 'cache.flush' }),
    caseOf('b', ['5', '7'], { 1: 'cache.flush' }),
  ];
  const [first, , , , second] = worstWindowSentences(cases, expressionsOf(['p95 < 50ms']), words);
  expect(first).toBe(
    'p99 came to 6 ms at most in 2 windows with rollout a at 100/s: the worst window, 6 ms, followed cache.flush at 1 s.',
  );
  expect(second).toContain('with rollout b at 100/s');
});

test('a run in which nothing happened has no worst window', () => {
  expect(worstWindowSentences([caseOf('none', ['5'])], slo, words)).toEqual([
    expect.stringContaining('Nothing happened'),
  ]);
});
