import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseServerConfig } from '../../../reference-server/config.ts';
import { ensemble, pipeline } from '../../../reference-server/pipeline/declared-graph.ts';
import { STEP_KINDS, STEP_NAMES } from '../../../reference-server/pipeline/step-kinds.ts';

const text = readFileSync(new URL('../../../reference-server/server.yaml', import.meta.url), 'utf8');

/** What stands in the comments from this line on, at its depth and deeper. */
function commented(first: RegExp): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => first.test(line));
  const depth = lines[from]?.search(first) ?? 0;
  const bare = lines.slice(from).map((line) => line.replace('#', ' '));
  const end = bare.findIndex((line, at) => at > 0 && (line.trim() === '' || line.search(/\S/) < depth + 2));
  return bare.slice(0, end === -1 ? undefined : end).join('\n');
}

test('the documented configuration is one, as it stands', () => {
  expect(parseServerConfig(text, 'server.yaml').models).toHaveLength(1);
});

test('every documented step is one, and there is none that is not documented', () => {
  const { steps } = parse(commented(/# {3}steps:/)) as { steps: { step: string }[] };
  const parsed = pipeline.safeParse({ before: steps });
  expect(parsed.error?.issues).toBeUndefined();
  expect([...new Set(steps.map(({ step }) => step))].sort()).toEqual([...STEP_NAMES].sort());
});

test.each(STEP_NAMES)('every field of %s is documented', (name) => {
  const lines = commented(/# {3}steps:/);
  for (const field of Object.keys(STEP_KINDS[name].fields))
    expect(lines).toMatch(new RegExp(`\\b${field}\\b`));
});

test('the documented pipeline and ensemble are such', () => {
  expect(pipeline.safeParse(parse(commented(/# pipeline:/)).pipeline).error?.issues).toBeUndefined();
  const [mood] = parse(commented(/# - name: mood/)) as [{ ensemble: unknown }];
  expect(ensemble.safeParse(mood.ensemble).error?.issues).toBeUndefined();
});
