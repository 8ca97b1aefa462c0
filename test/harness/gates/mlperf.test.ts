import { expect, it, test } from 'vitest';
import { mlperfResult } from '../../../harness/gates/mlperf.ts';
import { expressionsOf, recommend } from '../../../harness/gates/recommend.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { LoadRecord } from '../../../harness/record/load-record.ts';
import { Histogram } from '../../../harness/statistics/histogram.ts';
import { plantWinner } from '../../support/planted-records.ts';

/** A case whose answered requests took 1, 2, 3 … ms, some of its requests unanswered. */
function caseOf(mlperf: LoadRecord['mlperf'], answered: number, lost = 0): CaseRecord {
  const [planted] = plantWinner().cases;
  if (planted === undefined) throw new Error('nothing planted');
  const histogram = new Histogram();
  for (let ms = 1; ms <= answered; ms++) histogram.recordMs(ms);
  const response = histogram.encode();
  histogram.destroy();
  const { sampleEffect: _, ...record } = planted;
  return {
    ...record,
    load: { ...planted.load, resolvedRate: 200, ...(mlperf === undefined ? {} : { mlperf }) },
    counts: { ...planted.counts, scheduled: answered + lost, ok: answered },
    histograms: { ...planted.histograms, response },
  };
}

const result = (record: CaseRecord, ...slo: string[]) => mlperfResult(record, expressionsOf(slo));

it('says of a stream the latency that early stopping estimates', () => {
  const single = { scenario: 'single-stream', percentile: 0.9 } as const;
  expect(result(caseOf(single, 63))).toMatchObject({
    valid: false,
    needed: 64,
    statement: 'SingleStream: no 90th percentile latency: only 63 queries, early stopping needs 64.',
  });
  // 197 queries prove the 90th percentile with 10 late: the tenth largest.
  expect(result(caseOf(single, 197))).toMatchObject({
    valid: true,
    queries: 197,
    estimateMs: expect.closeTo(188, 0),
    statement:
      'SingleStream: 90th percentile latency 188 ms (early stopping estimate from 197 queries, 64 needed).',
  });
});

it('counts what was not answered as later than all: 7 lost of 197 move the estimate up, 10 take it away', () => {
  const multi = { scenario: 'multi-stream', percentile: 0.9, samplesPerQuery: 8 } as const;
  expect(result(caseOf(multi, 190, 7))?.estimateMs).toBeCloseTo(188, 0);
  expect(result(caseOf(multi, 187, 10))).toMatchObject({
    valid: false,
    statement:
      'MultiStream of 8: no 90th percentile query latency: it falls among the 10 queries without an answer.',
  });
});

it('takes fewer samples from queries that hang together', () => {
  const record = { ...caseOf({ scenario: 'single-stream', percentile: 0.9 }, 197), sampleEffect: { p90: 4 } };
  expect(result(record)).toMatchObject({ valid: false, needed: 256 });
});

it('judges a server by its promise, as valid or invalid', () => {
  const server = { scenario: 'server' } as const;
  expect(result(caseOf(server, 662), 'p99 < 661ms')).toMatchObject({
    valid: true,
    late: 1,
    needed: 662,
    statement: 'Server at 200 queries/s: VALID for p99 < 661ms: 1 of 662 queries over 661 ms, 662 needed.',
  });
  expect(result(caseOf(server, 660, 2), 'p99 < 661ms')).toMatchObject({
    valid: false,
    late: 2,
    needed: 838,
    statement:
      'Server at 200 queries/s: INVALID for p99 < 661ms: 2 of 662 queries over 661 ms, at least 176 more would be needed, all of them in time.',
  });
});

it('tells the rate of an offline query, and whether it was answered in whole', () => {
  const record = caseOf({ scenario: 'offline', samples: 100 }, 100);
  const timed = (requestsPerS: number): CaseRecord => ({
    ...record,
    durationS: 0.5,
    throughput: { ...record.throughput, requestsPerS },
  });
  expect(result(timed(200))).toMatchObject({
    valid: true,
    samplesPerS: 200,
    statement: 'Offline: 200 samples per second (100 of 100 samples in 0.50 s).',
  });
  expect(result(timed(160))).toMatchObject({ valid: false, statement: expect.stringContaining('80 of 100') });
});

test('it is the answer of a run of nothing else, and no other load has one', () => {
  const plain = caseOf(undefined, 100);
  expect(result(plain)).toBeUndefined();
  const one = caseOf({ scenario: 'single-stream', percentile: 0.9 }, 197);
  const mlperf = result(one);
  if (mlperf === undefined) throw new Error('no result');
  const record = plantWinner();
  const answer = recommend({
    ...record,
    cases: [{ ...one, mlperf }],
    scenario: { ...record.scenario, plannedCases: 1 },
  });
  expect(answer).toMatchObject({ status: 'not-asked', sentence: mlperf.statement, details: [] });
});
