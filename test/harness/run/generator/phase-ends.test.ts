import { describe, expect, it } from 'vitest';
import { isAnsweredWhole, isDrained, type Standing } from '../../../../harness/run/generator/phase-ends.ts';

const AT_REST: Standing = { nowMs: 1000, phase: 'measure', inFlight: 0, exhausted: true };

describe('a query that was offered at once', () => {
  it('is answered when nothing is in flight and nothing more falls due', () => {
    expect(isAnsweredWhole(AT_REST)).toBe(true);
    expect(isAnsweredWhole({ ...AT_REST, inFlight: 1 })).toBe(false);
    expect(isAnsweredWhole({ ...AT_REST, exhausted: false })).toBe(false);
  });

  it('is not before it was measured, nor twice', () => {
    expect(isAnsweredWhole({ ...AT_REST, phase: 'warmup' })).toBe(false);
    expect(isAnsweredWhole({ ...AT_REST, phase: 'drain' })).toBe(false);
  });
});

describe('the drain', () => {
  const drain = { fromMs: 1000, atMostMs: 500 };

  it.each([
    ['ends at once where nothing is in flight', { nowMs: 1000, inFlight: 0 }, true],
    ['waits for what is in flight', { nowMs: 1499, inFlight: 1 }, false],
    ['but no longer than it may', { nowMs: 1500, inFlight: 1 }, true],
    ['has not begun while the schedule lasts', { nowMs: 999, inFlight: 0 }, false],
    ['has not begun while an arrival is still due', { nowMs: 2000, inFlight: 0, exhausted: false }, false],
  ] as const)('%s', (_, standing, over) => {
    expect(isDrained({ ...AT_REST, phase: 'drain', ...standing }, drain)).toBe(over);
  });
});
