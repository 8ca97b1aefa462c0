import { expect, test } from 'vitest';
import { gateCommand } from '../../../harness/commands/gate.ts';
import { plantWinner } from '../../support/planted-records.ts';

test('a broken budget exits 1 and names the worst case', () => {
  const { text, exitCode, json } = gateCommand(plantWinner(), { budgets: ['p99<1us @ load=10%'] });
  expect(exitCode).toBe(1);
  expect(text).toMatch(/WORST +batch 1 · delay 0ms · load 10%: p99 16 ms/);
  expect(json).toMatchObject({ worst: { caseId: 'batch=1,delay=0ms,load=10%', outcome: 'fail' } });
});

test('p99<60s at 10 % exits 0', () => {
  const { text, exitCode } = gateCommand(plantWinner(), { budgets: ['p99<60s @ load=10%'] });
  expect(exitCode).toBe(0);
  expect(text).toMatch(/PASS +5 pass/);
});

test('an inconclusive gate exits 2, or warns where asked to', () => {
  const budgets = ['p99<50ms @ batch=32,delay=2ms,load=75%'];
  expect(gateCommand(plantWinner(), { budgets }).exitCode).toBe(2);
  expect(gateCommand(plantWinner(), { budgets, onInconclusive: 'warn' }).exitCode).toBe(0);
});

test('the gates of the scenario hold where no budget is given', () => {
  const record = plantWinner();
  expect(() => gateCommand(record)).toThrow(/nothing to hold the run against/);
  record.decide.gates = [{ where: { batch: '32', load: '40%' }, expect: ['p99 < 50ms'] }];
  expect(gateCommand(record).text).toContain('2 pass');
});

test('JUnit: one test case a judgement, failures and skips counted, text escaped', () => {
  const { junit } = gateCommand(plantWinner(), { budgets: ['p99<50ms @ load=75%'] });
  expect(junit).toContain('tests="5" failures="3" skipped="1"');
  expect(junit).toContain('name="p99&lt;50ms"');
  expect(junit).not.toContain('p99 < ');
});

test('every line fits 88 columns', () => {
  const { text } = gateCommand(plantWinner(), { budgets: ['p99<50ms'] });
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(88);
});
