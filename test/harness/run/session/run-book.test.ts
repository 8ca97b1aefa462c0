import { expect, test } from 'vitest';
import { notice } from '../../../../harness/record/notices.ts';
import { runRecord } from '../../../../harness/record/run-record.ts';
import { labelledAsFound } from '../../../../harness/run/session/as-found-label.ts';
import { RunBook } from '../../../../harness/run/session/run-book.ts';
import { loadScenario } from '../../../../harness/scenario/load-file.ts';
import { plantWinner } from '../../../support/planted-records.ts';

const book = () =>
  new RunBook(loadScenario('batching', {}), {
    id: '2026-11-21T0926-batching-k3f9',
    startedAt: new Date('2026-11-21T09:26:00Z'),
    environment: {},
    plannedCases: 20,
  });

test('every snapshot is a valid record, partial until the end', () => {
  const growing = book();
  expect(runRecord.parse(growing.record())).toMatchObject({
    partial: true,
    answer: { status: 'unfinished' },
    cases: [],
  });
  const { cases, answer } = plantWinner();
  for (const one of cases) growing.put(one);
  expect(runRecord.parse(growing.record())).toMatchObject({ partial: true });
  growing.finish(answer, [], true);
  expect(runRecord.parse(growing.record())).toMatchObject({
    partial: false,
    answer: { status: 'recommended' },
  });
});

test('an interrupted run stays partial', () => {
  const growing = book();
  growing.finish(plantWinner().answer, [], false);
  expect(growing.record()).toMatchObject({ partial: true, finishedAt: expect.any(String) });
});

test('another trial of a case replaces it', () => {
  const growing = book();
  const [one] = plantWinner().cases;
  if (one === undefined) throw new Error('no case');
  growing.put(one);
  growing.put({ ...one, rows: 17 });
  expect(growing.cases.map(({ rows }) => rows)).toEqual([17]);
});

test('a notice is new once, and gathers its cases', () => {
  const growing = book();
  expect(growing.note(notice('steal', { stealPct: 3 }, ['a']))).toBe(true);
  expect(growing.note(notice('steal', { stealPct: 4 }, ['a', 'b']))).toBe(false);
  expect(growing.record().notices).toMatchObject([{ id: 'steal', caseIds: ['a', 'b'] }]);
});

test('the as-found axis carries what the server says that it runs, as far as it says', () => {
  const url = { url: 'http://127.0.0.1:1', model: 'recommender', asFound: true };
  const scenario = loadScenario('batching', url);
  const label = (effective: Record<string, unknown>) => labelledAsFound(scenario, { effective });
  const told = label({ 'batching.maxRows': 16, 'batching.maxDelayMs': 2 });
  expect(told.axes).toEqual({ 'as found': ['batch 16, delay 2 ms'] });
  expect(told.settings.map(({ axes }) => axes)).toEqual([{ 'as found': 'batch 16, delay 2 ms' }]);
  expect(label({ 'batching.maxRows': 16 }).axes).toEqual({ 'as found': ['batch 16'] });
  expect(label({}).axes).toEqual({ 'as found': ['settings not told by the server'] });
});
