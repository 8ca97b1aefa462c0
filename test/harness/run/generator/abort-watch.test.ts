import { describe, expect, it } from 'vitest';
import { AbortWatch } from '../../../../harness/run/generator/abort-watch.ts';

const errors = { expression: 'errors > 5% for 2s', metric: 'errors', above: 0.05, forMs: 2000 } as const;
const slow = { expression: 'p99 > 100ms for 1s', metric: 'p99', above: 100, forMs: 1000 } as const;
const sample = (ok: number, notOk: number, responseP99Ms?: number) => ({ ok, notOk, responseP99Ms });

describe('AbortWatch', () => {
  it('speaks when a rule has been broken for as long as it allows', () => {
    const watch = new AbortWatch([errors]);
    expect(watch.observe(0, 1000, sample(90, 10))).toBeUndefined();
    expect(watch.observe(1000, 2000, sample(90, 10))).toBe(errors.expression);
  });

  it('starts again after a sample that keeps the rule', () => {
    const watch = new AbortWatch([errors]);
    expect(watch.observe(0, 1000, sample(90, 10))).toBeUndefined();
    expect(watch.observe(1000, 2000, sample(95, 5))).toBeUndefined();
    expect(watch.observe(2000, 3000, sample(90, 10))).toBeUndefined();
  });

  it('takes no answer at all for neither yes nor no', () => {
    const watch = new AbortWatch([errors]);
    expect(watch.observe(0, 1000, sample(0, 3))).toBeUndefined();
    expect(watch.observe(1000, 2000, sample(0, 0))).toBeUndefined();
    expect(watch.observe(2000, 3000, sample(0, 3))).toBe(errors.expression);
  });

  it('watches several rules', () => {
    const watch = new AbortWatch([errors, slow]);
    expect(watch.observe(0, 1000, sample(100, 0, 99))).toBeUndefined();
    expect(watch.observe(1000, 2000, sample(100, 0, 101))).toBe(slow.expression);
  });
});
