import { expect, it } from 'vitest';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { latencySpec } from '../../reports/charts/over-time.ts';
import { at } from '../../reports/figures.ts';
import { changesTable } from '../../reports/sections/changes.ts';
import { facts } from '../../reports/sections/facts.ts';
import { plantWinner } from '../support/planted-records.ts';
import { reportOf } from '../support/report-page.ts';

const record = plantWinner();
const planted = record.cases.find(({ load }) => load.shape !== 'closed');
if (planted === undefined) throw new Error('no case');
const change = { trial: 0, plannedAtS: 1, atS: 1.25, endS: 1.75, failed: false };
const one: CaseRecord = {
  ...planted,
  changes: [
    { ...change, what: 'model.load version 2', message: 'version 2 is loaded' },
    { ...change, what: 'split.set <2>: 100%', atS: 2.5, endS: 2.5, message: 'it says no', failed: true },
  ],
  versions: { 1: 900, 2: 123 },
  shadow: { copied: 40, ok: 38, failed: 2 },
};
const figuresIn = (markup: string) =>
  [...markup.matchAll(/<data value="([^"]*)" data-case="[^"]*" data-field="([^"]*)"/g)].map(
    ([, value, field = '']) => [Number(value), field] as const,
  );

it('what happened is a row each, with its times as the record has them and what became of it', () => {
  const { markup } = changesTable(one);
  const figures = figuresIn(markup);
  expect(figures.length).toBeGreaterThanOrEqual(6);
  for (const [value, field] of figures) expect(value, field).toBe(at(one, field));
  expect(markup).toContain('FAILED: it says no');
  expect(markup).toContain('split.set &lt;2&gt;');
  expect(changesTable(planted).markup).toBe('');
});

it('the pictures over time have a numbered line where each began', () => {
  const layers = (spec: unknown) => JSON.stringify((spec as { layer: unknown[] }).layer);
  expect(layers(latencySpec(one))).toContain('"number":"2","tip":"split.set <2>: 100% at 2.5 s"');
  expect(layers(latencySpec(planted))).not.toContain('"number"');
});

it('a report with changes is drawn, and says how many requests each version answered', async () => {
  const report = await reportOf({ ...record, cases: [one] });
  expect(report).toContain('What happened, ');
  const { markup } = facts(one);
  for (const [value, field] of figuresIn(markup)) expect(value, field).toBe(at(one, field));
  expect(markup).toMatch(/version 2 <data[^>]*>123</);
  expect(markup).toMatch(/failed <data[^>]*>2</);
});
