import { describe, expect, test } from 'vitest';
import { decideBatch } from '../../../reference-server/execution/batch-policy.ts';

const ALWAYS = Number.POSITIVE_INFINITY;

/** Waiting requests as "rows@enqueuedAtMs", optionally "/key" where shapes differ. */
function waiting(text: string) {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [rows, rest = '0'] = part.split('@');
      const [at, stackingKey = ''] = rest.split('/');
      return { rows: Number(rows), enqueuedAtMs: Number(at), stackingKey };
    });
}

describe('decideBatch', () => {
  // biome-ignore format: a table
  test.each([
    // queue                 maxRows delay now slots   decision
    ['',                     8,      0,    5,  1,      { waitMs: ALWAYS }],
    ['1@0 1@1',              8,      0,    5,  0,      { waitMs: ALWAYS }],
    ['1@5',                  8,      0,    5,  1,      { take: 1, rows: 1, reason: 'idle' }],
    ['1@0 1@1 2@4',          8,      0,    5,  1,      { take: 3, rows: 4, reason: 'idle' }],
    ['1@0 1@1',              1,      0,    5,  1,      { take: 1, rows: 1, reason: 'full' }],
    ['4@0 4@1',              8,      0,    5,  1,      { take: 2, rows: 8, reason: 'full' }],
    ['4@0 3@1 2@2',          8,      0,    5,  1,      { take: 2, rows: 7, reason: 'full' }],
    ['4@0 5@1 1@2',          8,      0,    5,  2,      { take: 1, rows: 4, reason: 'full' }],
    ['8@0 1@1',              8,      10,   5,  1,      { take: 1, rows: 8, reason: 'full' }],
    ['1@3',                  8,      10,   5,  1,      { waitMs: 8 }],
    ['1@3 1@5',              8,      10,   5,  1,      { waitMs: 8 }],
    ['1@3 1@12',             8,      10,   13, 1,      { take: 2, rows: 2, reason: 'delay' }],
    ['1@3 1@12',             8,      10,   99, 1,      { take: 2, rows: 2, reason: 'delay' }],
    ['1@3 7@12',             8,      10,   12, 1,      { take: 2, rows: 8, reason: 'full' }],
    ['1@0/a 1@1/a 1@2/b',    8,      0,    5,  1,      { take: 2, rows: 2, reason: 'full' }],
    ['1@0/a 1@1/b',          8,      10,   5,  1,      { take: 1, rows: 1, reason: 'full' }],
  ])('%s | maxRows %d delay %d | now %d, %d slots', (queue, maxRows, maxDelayMs, nowMs, slots, decision) => {
    expect(decideBatch(waiting(queue), { maxRows, maxDelayMs }, nowMs, slots)).toEqual(decision);
  });
});
