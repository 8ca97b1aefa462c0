import { describe, expect, test } from 'vitest';
import { metricSentence } from '../../../harness/gates/compare-settings.ts';
import { recommend } from '../../../harness/gates/recommend.ts';
import { settingWords } from '../../../harness/gates/wording.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import { plantRecord } from '../../support/planted-records.ts';

const LABELS = { door: ['json', 'binary', 'grpc'] };
const words = (axes: Readonly<Record<string, string>>) => settingWords(axes, LABELS);

/** Three doors; at 600/s the first is overloaded. */
const doors = (decide: Partial<RunRecord['decide']> = {}): RunRecord => {
  const record = plantRecord({
    steps: { '20%': 300, '40%': 600 },
    settings: [
      { axes: { door: 'json' }, saturation: 500, p99: ['30', 'over'] },
      { axes: { door: 'binary' }, saturation: 1200, p99: ['12', '20'] },
      { axes: { door: 'grpc' }, saturation: 1500, p99: ['10', '16'] },
    ],
  });
  const { recommend: _, ...unasked } = record.decide;
  return { ...record, decide: { ...unasked, ...decide } };
};

/** So many cores busy, whatever is carried. */
const using = (record: RunRecord, cores: Readonly<Record<string, number>>): readonly CaseRecord[] =>
  record.cases.map((one) => ({
    ...one,
    utilization: {
      ...one.utilization,
      serverCpuCores: cores[one.axes.door ?? ''] ?? { missing: 'not read' },
    },
  }));

describe('a metric of every setting', () => {
  test('is told at the highest rate that all of them carry, from the least to the most', () => {
    expect(metricSentence(doors().cases, 'p99', words)).toBe(
      'At 300/s p99 is 10 ms with door grpc, 12 ms with door binary and 30 ms with door json, 3 times the least.',
    );
    // 0.6 cores over 300 rows/s are 2 ms a row.
    const cases = using(doors(), { json: 0.6, binary: 0.15, grpc: 0.12 });
    expect(metricSentence(cases, 'cpuMsPer1000', words)).toBe(
      "At 300/s the server's CPU time per 1,000 rows is 400 ms with door grpc, 500 ms with door binary and 2 s with door json, 5 times the least.",
    );
  });

  test('of what is carried is told of the closed pass', () => {
    expect(metricSentence(doors().cases, 'throughput', words)).toBe(
      'At saturation the throughput is 500/s with door json, 1,200/s with door binary and 1,500/s with door grpc, 3 times the least.',
    );
  });

  test('that one of them does not show is told of the others, at the highest rate, and which does not', () => {
    const cases = using(doors(), { binary: 0.15, grpc: 0.12 });
    expect(metricSentence(cases, 'cpuMsPer1000', words)).toBe(
      "At 600/s the server's CPU time per 1,000 rows is 200 ms with door grpc and 250 ms with door binary, 1.3 times the least; not shown there with door json.",
    );
    expect(metricSentence(using(doors(), {}), 'cpuMsPer1000', words)).toBe(
      "At no load does any setting show the server's CPU time per 1,000 rows.",
    );
  });

  test('of many settings is told of the two ends', () => {
    const settings = Array.from({ length: 8 }, (_, index) => ({
      axes: { n: String(index) },
      saturation: 1000,
      p99: [String(10 + index)],
    }));
    const { cases } = plantRecord({ steps: { '30%': 300 }, settings });
    expect(metricSentence(cases, 'p99', (axes) => `n ${axes.n}`)).toBe(
      'At 300/s p99 is 10 ms with n 0 and 17 ms with n 7, 1.7 times the least.',
    );
  });

  test('of the only setting is told without its name', () => {
    const { cases } = plantRecord({
      steps: { '30%': 300 },
      settings: [{ axes: {}, saturation: 900, p99: ['10'] }],
    });
    expect(metricSentence(cases, 'p99', words)).toBe('At 300/s p99 is 10 ms.');
  });
});

describe('decide.report', () => {
  test('is the answer where nothing is to be recommended; what would have been said follows', () => {
    const before = recommend(doors());
    const answer = recommend(doors({ report: ['throughput', 'mean'] }));
    expect(answer).toMatchObject({ status: 'not-asked', sentence: expect.stringMatching(/^At saturation/) });
    expect(answer.details[0]).toMatch(/^At 300\/s the mean response time is/);
    expect(answer.details[1]).toBe(before.sentence);
  });

  test('says nothing of the promised percentile twice', () => {
    const before = recommend(doors());
    const answer = recommend(doors({ report: ['throughput', 'p99'] }));
    expect(before.sentence).toMatch(/^At 300\/s p99/);
    expect(answer.details).toEqual([expect.stringMatching(/^At 300\/s p99 is 10 ms/), ...before.details]);
  });

  test('follows a recommendation, before its reasons', () => {
    const asked = { maximize: 'capacity', tieBreak: 'lowest p99' } as const;
    const before = recommend(doors({ recommend: asked }));
    const answer = recommend(doors({ recommend: asked, report: ['throughput'] }));
    expect(answer).toEqual({
      ...before,
      details: [expect.stringMatching(/^At saturation/), ...before.details],
    });
  });

  test('of an unfinished run waits for its cases; of a later version is said to be unknown', () => {
    const record = doors({ report: ['throughput'] });
    expect(recommend({ ...record, cases: record.cases.slice(0, 3) }).status).toBe('unfinished');
    expect(recommend(doors({ report: ['tomorrow'] })).sentence).toBe(
      'This version does not know what tomorrow is.',
    );
  });
});
