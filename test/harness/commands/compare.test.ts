import { expect, test } from 'vitest';
import { compareCommand } from '../../../harness/commands/compare.ts';
import { compareRuns } from '../../../harness/gates/compare-runs.ts';
import { plantRecord, plantTie, plantWinner } from '../../support/planted-records.ts';

function run(cell: string, rate = 600) {
  return plantRecord({
    steps: { '40%': rate },
    settings: [{ axes: { batch: '8' }, saturation: 700, p99: [cell] }],
  });
}

function changeOf(before: string, after: string, rateAfter = 600) {
  return compareRuns(run(before), run(after, rateAfter)).comparisons.find(({ metric }) => metric === 'p99');
}

test.each([
  ['24 22-26', '24 22-26', 'no difference shown'],
  ['24 22-26', '26 24-29', 'no difference shown'],
  ['24 22-26', '28 25-31', 'regression'],
  ['24 22-26', '40 36-44', 'regression'],
  ['40 36-44', '24 22-26', 'improvement'],
  ['24 22-26', 'few', 'not enough data'],
  ['24 22-26', 'limited 40 36-44', 'not enough data'],
  ['24 22-26', 'over', 'regression'],
  ['over', '24 22-26', 'improvement'],
  ['over', 'over', 'not enough data'],
])('%s against %s: %s', (before, after, change) => {
  expect(changeOf(before, after)?.change).toBe(change);
});

test('the ends of the ratio add up like standard errors', () => {
  const low = 1.5 * Math.exp(-Math.hypot(Math.log(36 / 30), Math.log(25 / 24)));
  const high = 1.5 * Math.exp(Math.hypot(Math.log(40 / 36), Math.log(24 / 20)));
  const { ratio } = changeOf('24 20-25', '36 30-40') ?? {};
  expect(ratio?.value).toBe(1.5);
  expect([ratio?.low, ratio?.high]).toEqual([expect.closeTo(low, 9), expect.closeTo(high, 9)]);
});

test('slower under more load is not shown to be a regression; slower under less is', () => {
  expect(changeOf('24 22-26', '40 36-44', 660)?.change).toBe('not enough data');
  expect(changeOf('24 22-26', '40 36-44', 540)?.change).toBe('regression');
});

test('cases are matched by their axes, whatever the scenarios are', () => {
  const other = plantTie();
  other.scenario.hash = 'fedcba9876543210';
  const { text, exitCode } = compareCommand(plantWinner(), other);
  expect(exitCode).toBe(0);
  expect(text).toContain('different scenarios');
  expect(text).toContain('in one run only: batch 1 · delay 0ms · load saturation;');
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(88);
});

test('runs without a common case cannot be compared: exit 2', () => {
  const other = plantRecord({
    steps: { '40%': 600 },
    settings: [{ axes: { cache: 'none' }, saturation: 700, p99: ['9'] }],
  });
  expect(compareCommand(plantWinner(), other).exitCode).toBe(2);
});
