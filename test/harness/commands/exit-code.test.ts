import { expect, test } from 'vitest';
import { runExit } from '../../../harness/commands/run.ts';
import { type ExitCode, TargetError, UsageError, worstExit } from '../../../harness/errors.ts';
import type { GateResult } from '../../../harness/record/judged.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import { plantAllOverloaded, plantNoneQualifies, plantWinner } from '../../support/planted-records.ts';

function gated(record: RunRecord, ...outcomes: GateResult['outcome'][]): RunRecord {
  const gates = outcomes.map((outcome) => ({ expression: 'p99 < 1ms', where: {}, outcome, message: '' }));
  return { ...record, cases: record.cases.map((one, index) => (index === 0 ? { ...one, gates } : one)) };
}
const died = new TargetError('the server went away');
const exit = (record: RunRecord, failure?: Error, interrupted = false) =>
  runExit(record, failure, interrupted);

test('4 > 3 > 1 > 2 > 0, and an interrupt above all', () => {
  const order: ExitCode[] = [130, 4, 3, 1, 2, 0];
  for (const [index, code] of order.entries()) expect(worstExit(order.slice(index).reverse())).toBe(code);
  expect(worstExit([])).toBe(0);
});

test('an answer is 0, overloaded steps or not', () => {
  const record = plantWinner();
  expect(record.cases.some(({ credibility }) => credibility.status === 'overloaded')).toBe(true);
  expect(exit(record)).toBe(0);
});

test('a failed gate is 1, an undecided one 2, both together 1', () => {
  expect(exit(gated(plantWinner(), 'pass', 'fail'))).toBe(1);
  expect(exit(gated(plantWinner(), 'pass', 'regression'))).toBe(1);
  expect(exit(gated(plantWinner(), 'pass', 'inconclusive'))).toBe(2);
  expect(exit(gated(plantWinner(), 'inconclusive', 'fail'))).toBe(1);
});

test('nothing to recommend is 2, but only for a run that was asked to recommend', () => {
  expect(exit(plantNoneQualifies())).toBe(2);
  expect(exit(plantAllOverloaded())).toBe(2);
  const { recommend: _, ...decide } = plantNoneQualifies().decide;
  expect(exit({ ...plantNoneQualifies(), decide })).toBe(0);
  expect(exit(gated(plantNoneQualifies(), 'fail'))).toBe(1);
});

test('a target that failed is 4 whatever the gates say; an interrupted run is 130', () => {
  expect(exit(gated(plantWinner(), 'fail'), died)).toBe(4);
  expect(exit(gated(plantWinner(), 'fail'), died, true)).toBe(130);
});

test('a mistake of the scenario that only the server could show is 3', () => {
  expect(exit(gated(plantWinner(), 'fail'), new UsageError('the model has no input "feature"'))).toBe(3);
});
