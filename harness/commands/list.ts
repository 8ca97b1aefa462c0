import { BUNDLED_MODELS } from '../scenario/bundled-models.ts';
import { listScenarios } from '../scenario/catalogue.ts';

/** Every shipped scenario with its question, and every bundled model. */
export function listText(): string {
  const scenarios = listScenarios().map(({ name, question }) => [name, question] as const);
  const models = Object.entries(BUNDLED_MODELS).map(([name, { about }]) => [name, about] as const);
  return [
    ...columns(scenarios),
    '',
    'Run one:  inferometer run smoke        See what it does:  inferometer explain smoke',
    'Your own: inferometer run FILE.yaml    scenarios/README.md shows the fields',
    '',
    'Bundled models: --set model=NAME, or inferometer serve --model NAME',
    ...columns(models),
  ].join('\n');
}

function columns(rows: readonly (readonly [name: string, about: string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, about]) => `  ${name.padEnd(width)}   ${about}`);
}
