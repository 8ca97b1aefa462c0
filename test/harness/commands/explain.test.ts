import { describe, expect, it } from 'vitest';
import { explainText } from '../../../harness/commands/explain.ts';
import { listText } from '../../../harness/commands/list.ts';
import { CREDIBILITY } from '../../../harness/record/judged.ts';
import { NOTICE_IDS } from '../../../harness/record/notices.ts';
import { BUNDLED_MODELS } from '../../../harness/scenario/bundled-models.ts';
import { listScenarios } from '../../../harness/scenario/catalogue.ts';
import { METRICS } from '../../../harness/scenario/expression.ts';
import { leafPaths } from '../../../harness/scenario/json-schema.ts';

describe('explain', () => {
  it('prints a scenario with its defaults and who said what', () => {
    const text = explainText('batching');
    expect(text).toMatch(/model +recommender +line 7\n/);
    expect(text).toMatch(/maxRows +1 · 8 · 32 +varies, line 13\n/);
    expect(text).toMatch(/timeout +10s +default\n/);
    expect(text).toContain('5 settings, 20 cases');
    expect(text).toContain('skipped: batch 1 · delay 2ms');
  });

  it('knows every metric and every status', () => {
    const words = Object.keys(METRICS).filter((metric) => !metric.startsWith('service.'));
    for (const word of [...words, ...CREDIBILITY, 'p99.9', 'send lag', 'shared-host']) {
      expect(explainText(word).length, word).toBeGreaterThan(40);
    }
  });

  it('knows every notice by what can be done about it', () => {
    for (const id of NOTICE_IDS) expect(explainText(id).length, id).toBeGreaterThan(40);
    expect(explainText('cpu-quota')).toContain('Raise or remove the');
  });

  it('knows every field, and what each is for', () => {
    for (const path of leafPaths().filter((path) => path !== '$schema')) {
      expect(explainText(path).split('\n')[1]?.trim(), path).not.toBe('');
    }
    expect(explainText('measure.warmup')).toContain('default: 1s');
  });

  it('names the nearest word for an unknown one', () => {
    expect(() => explainText('client-limitd')).toThrow('did you mean client-limited?');
  });

  it('says both where a scenario and a figure share a name', () => {
    expect(explainText('capacity')).toContain('As a figure: capacity');
  });
});

it('list names every scenario with its question', () => {
  const scenarios = listScenarios();
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const rows = scenarios.map(({ name, question }) => `  ${name.padEnd(width)}   ${question}\n`);
  expect(listText().startsWith(rows.join(''))).toBe(true);
  const models = listText().split('Bundled models: ')[1] ?? '';
  expect([...models.matchAll(/^ {2}(\S+) {3}/gm)].map(([, name]) => name)).toEqual(
    Object.keys(BUNDLED_MODELS),
  );
  expect(
    listText()
      .split('\n')
      .every((line) => line.length <= 110),
  ).toBe(true);
});
