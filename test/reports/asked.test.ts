import { describe, expect, it } from 'vitest';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { at } from '../../reports/figures.ts';
import { askedTerms, classTable } from '../../reports/sections/asked.ts';
import { plantWinner } from '../support/planted-records.ts';

const [planted] = plantWinner().cases;
if (planted === undefined) throw new Error('no case');
const payloads = {
  requests: 1000,
  different: 321,
  repeatShare: 0.6789,
  expectedRepeatShare: 0.66,
  topShare: 0.13,
};
const whole = planted.classes.all;
if (whole === undefined) throw new Error('no class');

const mixed: CaseRecord = {
  ...planted,
  answers: { compared: 57, wrong: 2, example: 'the answer to request 7 says y[0] = <1>, not 2' },
  classes: {
    small: { ...whole, share: 0.9, okPerS: 90, rowsPerS: 90, payloads },
    big: {
      ...whole,
      share: 0.1,
      model: 'embedder',
      okPerS: 10,
      rowsPerS: 320,
      payloads: { ...payloads, topShare: 0 },
    },
  },
};

describe('what was asked', () => {
  it('is a row for each class, every figure as the record has it', () => {
    const markup = classTable(mixed)?.markup ?? '';
    const figures = [...markup.matchAll(/<data value="([^"]*)" data-case="[^"]*" data-field="([^"]*)"/g)];
    expect(figures.length).toBeGreaterThan(20);
    for (const [, value, field = ''] of figures) expect(Number(value), field).toBe(at(mixed, field));
    expect(markup).toContain('embedder');
  });

  it('tells of repeats and of compared answers, and of wrong ones with an example', () => {
    const one = { ...mixed, classes: { all: { ...whole, payloads } } };
    const { markup } = askedTerms(one);
    expect(markup).toMatch(/321.*different.*67.9 %/s);
    expect(markup).toMatch(/57<.*compared.*2<.*wrong.*says y\[0\] = &lt;1&gt;, not 2/s);
    expect(classTable(one)).toBeUndefined();
    expect(
      askedTerms({ ...one, classes: { all: { ...whole, payloads: { ...payloads, topShare: 0 } } } }).markup,
    ).toMatch(/none twice/);
  });

  it('is nothing where a record does not tell', () => {
    expect(askedTerms(planted).markup).toBe('');
  });
});
