import { describe, expect, test } from 'vitest';
import {
  allowedSize,
  decideAmong,
  decideBatch,
  type Line,
} from '../../../reference-server/execution/batch-policy.ts';

const ALWAYS = Number.POSITIVE_INFINITY;

/** Waiting requests as "rows@enqueuedAtMs", in the order of leaving. */
function waiting(text: string): { rows: number; enqueuedAtMs: number }[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [rows, at] = part.split('@');
      return { rows: Number(rows), enqueuedAtMs: Number(at) };
    });
}

function lineOf(text: string, shape = '', priority = 1): Line {
  const front = waiting(text);
  return { shape, front, priority, oldestAtMs: Math.min(...front.map(({ enqueuedAtMs }) => enqueuedAtMs)) };
}

const slotsOf = (text: string) => {
  const [idle, ahead = 0] = text.split('+').map(Number);
  return { idle: idle ?? 0, ahead };
};

describe('decideBatch', () => {
  // biome-ignore format: a table. Slots: idle instances, then batches that may be handed over ahead
  test.each([
    // line                  maxRows delay preferred now slots   decision
    ['',                     8,      0,    [],       5,  '1',    { waitMs: ALWAYS }],
    ['1@0 1@1',              8,      0,    [],       5,  '0',    { waitMs: ALWAYS }],
    ['1@5',                  8,      0,    [],       5,  '1',    { take: 1, rows: 1, reason: 'idle' }],
    ['1@0 1@1 2@4',          8,      0,    [],       5,  '1',    { take: 3, rows: 4, reason: 'idle' }],
    ['1@0 1@1',              1,      0,    [],       5,  '1',    { take: 1, rows: 1, reason: 'full' }],
    ['4@0 4@1',              8,      0,    [],       5,  '1',    { take: 2, rows: 8, reason: 'full' }],
    ['4@0 3@1 2@2',          8,      0,    [],       5,  '1',    { take: 2, rows: 7, reason: 'full' }],
    ['4@0 5@1 1@2',          8,      0,    [],       5,  '2',    { take: 1, rows: 4, reason: 'full' }],
    ['8@0 1@1',              8,      10,   [],       5,  '1',    { take: 1, rows: 8, reason: 'full' }],
    ['1@3',                  8,      10,   [],       5,  '1',    { waitMs: 8 }],
    ['1@3 1@5',              8,      10,   [],       5,  '1',    { waitMs: 8 }],
    ['1@3 1@12',             8,      10,   [],       13, '1',    { take: 2, rows: 2, reason: 'delay' }],
    ['1@3 1@12',             8,      10,   [],       99, '1',    { take: 2, rows: 2, reason: 'delay' }],
    ['1@3 7@12',             8,      10,   [],       12, '1',    { take: 2, rows: 8, reason: 'full' }],
    // a low priority may be the oldest: its delay counts, whoever leaves first
    ['1@9 1@2',              8,      10,   [],       12, '1',    { take: 2, rows: 2, reason: 'delay' }],
    // only a batch that cannot become a better one is handed over ahead of an idle instance
    ['1@0 1@1',              8,      0,    [],       5,  '0+1',  { waitMs: ALWAYS }],
    ['1@0 1@1',              8,      2,    [],       5,  '0+1',  { waitMs: ALWAYS }],
    ['4@0 4@1',              8,      0,    [],       5,  '0+1',  { take: 2, rows: 8, reason: 'full' }],
    ['4@0 5@1',              8,      0,    [],       5,  '0+1',  { take: 1, rows: 4, reason: 'full' }],
    // preferred sizes
    ['1@0 1@1 1@2',          8,      9,    [2, 4],   5,  '1',    { take: 2, rows: 2, reason: 'preferred' }],
    ['2@0 2@1 1@2',          8,      9,    [2, 4],   5,  '1',    { take: 2, rows: 4, reason: 'preferred' }],
    ['2@0 2@1 1@2',          8,      9,    [2, 4],   5,  '0+1',  { take: 2, rows: 4, reason: 'preferred' }],
    ['2@0 2@1 1@2',          8,      0,    [2, 4],   5,  '1',    { take: 2, rows: 4, reason: 'preferred' }],
    ['4@0 4@1',              8,      9,    [4, 8],   5,  '1',    { take: 2, rows: 8, reason: 'full' }],
    ['3@0',                  8,      9,    [4],      5,  '1',    { waitMs: 4 }],
    ['3@0 2@1',              8,      9,    [4],      5,  '1',    { take: 2, rows: 5, reason: 'full' }],
    ['3@0 7@1',              8,      9,    [4],      5,  '1',    { take: 1, rows: 3, reason: 'full' }],
    ['1@0 1@1 1@2',          8,      9,    [2, 4],   9,  '1',    { take: 3, rows: 3, reason: 'delay' }],
    ['3@0 2@1',              8,      9,    [4],      9,  '1',    { take: 2, rows: 5, reason: 'delay' }],
    ['3@0 2@1',              8,      9,    [4],      9,  '0+1',  { take: 2, rows: 5, reason: 'full' }],
    ['3@0',                  8,      0,    [4],      5,  '1',    { take: 1, rows: 3, reason: 'idle' }],
  ])('%s | maxRows %d delay %d preferred %j | now %d, slots %s', (queue, maxRows, maxDelayMs, preferredRows, nowMs, slots, decision) => {
    const policy = { maxRows, maxDelayMs, preferredRows };
    expect(decideBatch(lineOf(queue), policy, nowMs, slotsOf(slots))).toEqual(decision);
  });
});

describe('decideAmong', () => {
  const policy = { maxRows: 4, maxDelayMs: 10, preferredRows: [] };
  const shapeThatLeaves = (lines: readonly Line[], nowMs: number) => {
    const decision = decideAmong(lines, policy, nowMs, { idle: 1, ahead: 0 });
    return 'waitMs' in decision ? decision.waitMs : decision.line.shape;
  };

  test('the oldest of the lines that may leave goes first, a higher priority before it', () => {
    const old = lineOf('4@1', 'old', 2);
    const young = lineOf('4@3', 'young', 2);
    expect(shapeThatLeaves([young, old], 5)).toBe('old');
    expect(shapeThatLeaves([old, young], 5)).toBe('old');
    expect(shapeThatLeaves([old, lineOf('4@4', 'urgent', 1)], 5)).toBe('urgent');
  });

  test('a line that must wait holds up no other, and the nearest delay is waited for', () => {
    expect(shapeThatLeaves([lineOf('1@0', 'waits', 1), lineOf('4@3', 'full', 2)], 5)).toBe('full');
    expect(shapeThatLeaves([lineOf('1@4', 'a'), lineOf('1@2', 'b')], 5)).toBe(7);
    expect(shapeThatLeaves([], 5)).toBe(ALWAYS);
  });
});

test('allowedSize is the smallest allowed size that holds the rows', () => {
  expect([1, 2, 3, 4, 5, 8].map((rows) => allowedSize(rows, [2, 4, 8]))).toEqual([2, 2, 4, 4, 8, 8]);
  expect(allowedSize(5, [])).toBe(5);
});
