import { expect } from 'vitest';
import { scenarioFromText } from '../../harness/scenario/load-file.ts';
import { problemsOf } from './problems-of.ts';

export const MINIMAL = 'target: { reference: { model: recommender } }\n';

export function problemsOfText(text: string) {
  return problemsOf(() => scenarioFromText(text, 'x.yaml'));
}

/** The smallest scenario with this line below it has one mistake, which is in that line. */
export function expectRefusal(line: string, field: string, message: string, advice: string): void {
  const [problem, ...others] = problemsOfText(`${MINIMAL}${line}\n`);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ file: 'x.yaml', line: 2 });
  expect(problem?.field).toContain(field);
  expect(problem?.message).toContain(message);
  expect(problem?.advice ?? '').toContain(advice);
}
