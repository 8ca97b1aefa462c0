import { expect, test } from 'vitest';
import { pricesFor } from '../../../../harness/run/cases/decisions.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';

const external = (more: string) =>
  scenarioFromText(`target: { url: http://127.0.0.1:1, model: m${more}`, 'own.yaml');

test.each([
  ['the price that is asked for', ' }\ndecide: { price: { machine: aws/g5.xlarg } }'],
  ['the machine that the server is said to run on', ', describe: { machine: aws/g5.xlarg } }'],
  ['the machine in a label', ' }\nlabels: { machine: aws/g5.xlarg }'],
])('%s is looked up before anything is sent', (_, more) => {
  expect(() => pricesFor(external(more))).toThrow(/aws\/g5\.xlarg".*\n.*aws\/g5\.xlarge/);
  expect(() => pricesFor(external(more.replace('xlarg', 'xlarge')))).not.toThrow();
});

test('a machine that is not priced may be named where another price is asked for', () => {
  const more = ', describe: { machine: my-own } }\ndecide: { price: { machine: aws/c7i.large } }';
  expect(() => pricesFor(external(more))).not.toThrow();
});
