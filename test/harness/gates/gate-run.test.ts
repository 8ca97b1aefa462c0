import { describe, expect, test } from 'vitest';
import { budgetsOf, gateRun, gatesOfCase, parseBudgets } from '../../../harness/gates/gate-run.ts';
import { plantAllOverloaded, plantWinner } from '../../support/planted-records.ts';

const gate = (...texts: string[]) => gateRun(plantWinner(), parseBudgets(texts));

describe('a run against budgets', () => {
  test('p99<1us fails and names the worst case', () => {
    const { exitCode, worst } = gate('p99<1us @ load=10%');
    expect(exitCode).toBe(1);
    expect(worst?.caseId).toBe('batch=1,delay=0ms,load=10%');
    expect(worst?.result.message).toContain('p99 16 ms');
  });

  test('p99<60s passes at 10 %', () => {
    const { exitCode, worst } = gate('p99<60s @ load=10%');
    expect(exitCode).toBe(0);
    expect(worst).toBeUndefined();
  });

  test('a latency budget over overloaded cases fails', () => {
    expect(gate('p99<60s @ batch=1,load=75%').exitCode).toBe(1);
    expect(gateRun(plantAllOverloaded(), parseBudgets(['p99<60s'])).exitCode).toBe(1);
  });

  test('an interval that holds the bound is exit 2, or a warning', () => {
    const budgets = parseBudgets(['p99<50ms @ batch=32,delay=2ms,load=75%']);
    expect(gateRun(plantWinner(), budgets).exitCode).toBe(2);
    expect(gateRun(plantWinner(), budgets, 'warn').exitCode).toBe(0);
  });

  test('a proven breach beats a doubt', () => {
    const { exitCode, worst } = gate(
      'p99<50ms @ batch=32,delay=2ms,load=75%',
      'p99<10ms @ batch=32,load=40%',
    );
    expect(exitCode).toBe(1);
    expect(worst?.axes).toEqual({ batch: '32', delay: '2ms', load: '40%' });
  });

  test('without a load, a latency budget leaves the closed pass out; named, it is judged', () => {
    expect(gate('p99<1s @ batch=32').results.map(({ axes }) => axes.load)).not.toContain('saturation');
    expect(gate('p99<1s @ batch=32,load=saturation').results).toHaveLength(2);
    expect(gate('batch.meanRows>4 @ batch=32').results.map(({ axes }) => axes.load)).toContain('saturation');
  });

  test('labels may be written with a space', () => {
    expect(gate('p99<50ms @ batch=32,delay=0 ms,load=40 %').results).toHaveLength(1);
  });
});

describe('a budget that is about nothing', () => {
  test.each([
    [
      'p99<50ms @ batch=33',
      /no case at batch=33[\s\S]*Did you mean 32\?[\s\S]*load=saturation\|10%\|40%\|75%/,
    ],
    ['p99<50ms @ bach=32', /Did you mean batch\?/],
    ['p99<50', /write 50ms/],
    ['p98<50ms', /known: p50/],
  ])('%s is a usage error', (text, message) => {
    expect(() => gate(text)).toThrow(message);
  });

  test('several mistakes come together', () => {
    expect(() => gate('p99<50', 'p98<50ms')).toThrow(/p99<50[\s\S]*p98<50ms/);
  });
});

test('the gates of a scenario land in the records of their cases', () => {
  const record = plantWinner();
  const budgets = budgetsOf([
    { where: { batch: '32', load: '40%' }, expect: ['p99 < 50ms', 'batch.meanRows > 4'] },
  ]);
  const judged = record.cases.map((one) => gatesOfCase(one, budgets));
  expect(judged.filter((results) => results.length > 0)).toHaveLength(2);
  expect(judged.flat().map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass', 'pass']);
});
