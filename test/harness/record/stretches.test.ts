import { expect, test } from 'vitest';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import { stretchesOf } from '../../../harness/record/stretches.ts';

const window = (startS: number, p99: number | undefined, notOk = 0) => ({
  startS,
  durationS: 1,
  phase: startS < 0 ? ('warmup' as const) : startS < 6 ? ('measure' as const) : ('drain' as const),
  arrivals: 10,
  ok: 10 - notOk,
  notOk,
  rows: 10,
  responseP50Ms: 1,
  responseP99Ms: p99 ?? { missing: 'nothing was answered in this window' },
});
const change = (atS: number, trial = 1) => ({
  trial,
  what: `at ${atS}`,
  plannedAtS: atS,
  atS,
  endS: atS + 0.1,
  message: 'done',
  failed: false,
});
const one = {
  durationS: 6,
  trials: [{}, {}],
  windows: [
    window(-1, 99),
    window(0, 4),
    window(1, 6),
    window(2, 50, 2),
    window(3, 7),
    window(4, undefined, 10),
    window(5, 5),
    window(6, 77),
  ],
  changes: [change(0.5, 0), change(2), change(4.2), change(5.5), change(5.6)],
} as unknown as CaseRecord;

test('a case is cut where changes began; a window in which one began belongs to what follows', () => {
  const stretches = stretchesOf(one);
  expect(
    stretches.map(({ changes, fromS, toS, ok, notOk, worst }) => [
      changes.map(({ what }) => what).join(),
      fromS,
      toS,
      ok,
      notOk,
      worst?.p99Ms,
    ]),
  ).toEqual([
    ['', 0, 2, 20, 0, 6],
    ['at 2', 2, 4.2, 18, 2, 50],
    ['at 4.2', 4.2, 5.5, 0, 10, undefined],
    ['at 5.5,at 5.6', 5.5, 6, 10, 0, 5],
  ]);
});

test('without changes there is one stretch, the measure phase', () => {
  const { changes: _, ...quiet } = one;
  expect(stretchesOf(quiet)).toMatchObject([{ fromS: 0, toS: 6, ok: 48, notOk: 12, worst: { p99Ms: 50 } }]);
});
