import { listScenarios } from '../scenario/catalogue.ts';

/** Every shipped scenario with its question. */
export function listText(): string {
  const scenarios = listScenarios();
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const lines = scenarios.map(({ name, question }) => `  ${name.padEnd(width)}   ${question}`);
  return [
    ...lines,
    '',
    'Run one:  inferometer run smoke        See what it does:  inferometer explain smoke',
    'Your own: inferometer run FILE.yaml    scenarios/README.md shows the fields',
  ].join('\n');
}
