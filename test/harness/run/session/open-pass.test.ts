import { expect, test } from 'vitest';
import { TargetError } from '../../../../harness/errors.ts';
import type { CaseRecord } from '../../../../harness/record/case-record.ts';
import { openPass } from '../../../../harness/run/session/open-pass.ts';
import { loadScenario } from '../../../../harness/scenario/load-file.ts';
import { plantWinner } from '../../../support/planted-records.ts';

const carried = plantWinner().cases.filter(({ load }) => load.shape === 'closed');
/** A closed pass of which nothing came back. */
const failed = carried.map(
  (one): CaseRecord => ({
    ...one,
    throughput: { ...one.throughput, requestsPerS: 0 },
    counts: { ...one.counts, ok: 0, byOutcome: { refused: 7 } },
  }),
);

test('a ladder takes its rates from the best of the closed pass', () => {
  const best = Math.max(...carried.map(({ throughput }) => throughput.requestsPerS));
  const { cases } = openPass(loadScenario('smoke'), carried);
  expect(cases.map(({ load }) => load.fractionOf?.ofRate)).toEqual(cases.map(() => best));
  expect(cases.length).toBeGreaterThan(0);
});

test('and has none to take where nothing was carried, which says what came instead', () => {
  expect(() => openPass(loadScenario('smoke'), failed)).toThrow(TargetError);
  expect(() => openPass(loadScenario('smoke'), failed)).toThrow(/\(\d+ refused\)/);
  expect(() => openPass(loadScenario('smoke'), [])).toThrow(/nothing was finished/);
});

test('a named rate needs no closed pass', () => {
  const named = loadScenario('smoke', { set: ['load={ poisson: { rate: 50/s } }', 'decide.gates=[]'] });
  expect(openPass(named, failed).cases.map(({ load }) => load.resolvedRate)).toEqual([50]);
});
