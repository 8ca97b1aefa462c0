import { describe, expect, test } from 'vitest';
import { recommend } from '../../../harness/gates/recommend.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import {
  plantAllOverloaded,
  plantNoneQualifies,
  plantRecord,
  plantTie,
  plantWinner,
} from '../../support/planted-records.ts';

const STEPS = { '10%': 150, '40%': 600 };

describe('the answer', () => {
  test('a winner', () => {
    const answer = recommend(plantWinner());
    expect(answer).toMatchObject({
      status: 'recommended',
      sentence: 'Serve it with batch 32 and no queue delay.',
      setting: { batch: '32', delay: '0ms' },
      capacity: { requestsPerS: 1072, rowsPerS: 1072, caseId: 'batch=32,delay=0ms,load=75%', metric: 'p99' },
      ties: [],
    });
    expect(answer.details.slice(0, -1)).toEqual([
      'It holds p99 < 50 ms at 1,072 requests/s (p99 44 ms, 95 % interval 40-49), 7.5 times what it holds without batching.',
      'Batches held 14.9 rows on average (93 % left because the instance became free and 7 % because they were full); a queue delay of 2 ms only adds waiting.',
      'Not proven at 1,072/s: batch 32 and 2 ms queue delay, whose p99 is 47 ms, but its interval reaches 52 ms.',
      '1,072 requests/s is the highest rate that was tried, so it may hold more; without a promise it completed 1,430/s.',
    ]);
  });

  test('a tie names the other setting and does not pretend to tell them apart', () => {
    const answer = recommend(plantTie());
    expect(answer).toMatchObject({
      status: 'tie',
      sentence: 'Serve it with batch 32 and no queue delay; batch 32 and 2 ms queue delay does as well.',
      ties: [{ batch: '32', delay: '2ms' }],
    });
    expect(answer.details.join(' ')).not.toContain('only adds waiting');
    expect(answer.details[1]).toBe(
      'Their p99 intervals at 1,072/s overlap (40-48 ms and 41-49 ms): this run cannot tell them apart.',
    );
  });

  test('of settings that tie, the one with the most in reserve, and of equals the simplest', () => {
    const record = plantTie();
    const saturated = (delay: string, rowsPerS: number) => (one: CaseRecord) =>
      one.load.shape === 'closed' && one.axes.batch === '32' && one.axes.delay === delay
        ? { ...one, throughput: { ...one.throughput, rowsPerS } }
        : one;
    const changed = { ...record, cases: record.cases.map(saturated('2ms', 2000)) };
    const answer = recommend(changed);
    expect(answer.setting).toEqual({ batch: '32', delay: '2ms' });
    expect(answer.details.join(' ')).toMatch(/has more in reserve: without a promise it completed 2,000\/s/);
    const equal = { ...record, cases: record.cases.map(saturated('2ms', 1500)) };
    expect(recommend(equal).setting).toEqual({ batch: '32', delay: '0ms' });
  });

  test('none qualifies: which bound broke where it came nearest', () => {
    const answer = recommend(plantNoneQualifies());
    expect(answer).toMatchObject({
      status: 'none-qualifies',
      sentence: 'No setting holds p99 < 10 ms at any rate that was tried.',
    });
    expect(answer.setting).toBeUndefined();
    expect(answer.details[0]).toBe(
      'Nearest to it is batch 32 at 143 requests/s: p99 12 ms (95 % interval 11-13.4 ms) breaks p99 < 10 ms.',
    );
  });

  test('none is proven, but none is disproven either', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [{ axes: { batch: '8' }, saturation: 700, p99: ['46 41-55', '48 44-60'] }],
      }),
    );
    expect(answer.sentence).toBe('This run cannot show that it holds p99 < 50 ms.');
    expect(answer.details.at(-1)).toContain('Measure for longer');
  });

  test('all overloaded', () => {
    expect(recommend(plantAllOverloaded())).toMatchObject({
      status: 'all-overloaded',
      sentence: 'Every setting was overloaded at every rate that was tried.',
      details: ['The most that was completed is 140 requests/s (batch 32): try rates below that.'],
    });
  });

  test('a run that is not finished has no answer yet', () => {
    const record = plantWinner();
    expect(recommend({ ...record, cases: record.cases.slice(0, 7) })).toMatchObject({
      status: 'unfinished',
      sentence: 'No answer yet: 7 of 20 cases were measured.',
    });
  });
});

describe('capacity is the highest step that is proven', () => {
  test('a step that is not proven is the next rate, whatever its percentile', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [
          { axes: { batch: '8' }, saturation: 700, p99: ['20', '48 44-53'], meanBatch: 4 },
          { axes: { batch: '32' }, saturation: 700, p99: ['30', '70 60-80'], meanBatch: 9 },
        ],
      }),
    );
    expect(answer.setting).toEqual({ batch: '8' });
    expect(answer.capacity).toMatchObject({ requestsPerS: 150, brokenAtPerS: 600 });
    expect(answer.details).toContain(
      'At 600 requests/s, the next rate tried, the promise is not proven: its true capacity lies between.',
    );
  });

  test('a step too short to prove its percentile does not hide a higher one that does', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [{ axes: { batch: '8' }, saturation: 700, p99: ['few', '40 36-44'] }],
      }),
    );
    expect(answer.capacity?.requestsPerS).toBe(600);
  });

  test('a single setting is told what it holds, not which setting to take', () => {
    const answer = recommend(
      plantRecord({ steps: STEPS, settings: [{ axes: {}, saturation: 400, p99: ['20', 'over'] }] }),
    );
    expect(answer.sentence).toBe(
      'It holds p99 < 50 ms at 150 requests/s (p99 20 ms, 95 % interval 18.4-22.4).',
    );
    expect(answer.details).toContain(
      'At 600 requests/s, the next rate tried, it was overloaded: its true capacity lies between.',
    );
  });

  test('capacities are compared in rows where requests carry different numbers of them', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [
          { axes: { batch: '8', rows: '1' }, saturation: 700, p99: ['20', '30'], rows: 1 },
          { axes: { batch: '32', rows: '8' }, saturation: 200, p99: ['30', 'over'], rows: 8 },
        ],
      }),
    );
    expect(answer.setting).toEqual({ batch: '32', rows: '8' });
    expect(answer.sentence).toBe('Serve it with batch 32 and rows 8.');
  });
});

describe('other words', () => {
  test('batching that does nothing is said so', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [
          { axes: { batch: '1', delay: '0ms' }, saturation: 700, p99: ['20', '40'], meanBatch: 1 },
          { axes: { batch: '8', delay: '0ms' }, saturation: 705, p99: ['21', '39'], meanBatch: 2 },
          { axes: { batch: '8', delay: '2ms' }, saturation: 703, p99: ['23', '41'], meanBatch: 3 },
        ],
      }),
    );
    expect(answer).toMatchObject({
      status: 'recommended',
      sentence: 'Batching does nothing for this model: leave it off and save the queue delay of up to 2 ms.',
      setting: { batch: '1', delay: '0ms' },
    });
    expect(answer.details[1]).toBe(
      'At saturation it completes 700 rows/s without batching and 705 rows/s at best with it.',
    );
  });

  test('axes without words of their own are named with their labels', () => {
    const answer = recommend(
      plantRecord({
        steps: STEPS,
        settings: [
          { axes: { cache: 'none', popularity: 'hot' }, saturation: 200, p99: ['20', 'over'] },
          { axes: { cache: 'local', popularity: 'hot' }, saturation: 900, p99: ['20', '30'] },
        ],
      }),
    );
    expect(answer.sentence).toBe('Serve it with cache local.');
    expect(answer.details[0]).toContain('4 times what cache none holds');
  });

  test('without an SLO: the Pareto settings and a request for one', () => {
    const record = plantWinner();
    const answer = recommend({ ...record, decide: { ...record.decide, slo: [] } });
    expect(answer.status).toBe('no-slo');
    expect(answer.pareto).toEqual([{ batch: '32', delay: '0ms' }]);
    expect(answer.details.at(-1)).toContain('slo: ["p99 < 50ms"]');
  });

  test('a scenario that asks for no recommendation is told what differs at one rate', () => {
    const { recommend: _, ...decide } = plantWinner().decide;
    const record = plantRecord({
      steps: { '400/s': 400 },
      settings: [
        { axes: { arrivals: 'even' }, saturation: 700, p99: ['12'] },
        { axes: { arrivals: 'poisson' }, saturation: 700, p99: ['31'] },
      ],
    });
    expect(recommend({ ...record, decide })).toMatchObject({
      status: 'not-asked',
      sentence: 'At 400/s p99 is 12 ms with arrivals even and 31 ms with arrivals poisson.',
      details: [
        'Arrivals even: p99 < 50 ms is held up to 400/s.',
        'Arrivals poisson: p99 < 50 ms is held up to 400/s.',
      ],
    });
    // Asked for or not: a load is nothing to serve with.
    expect(recommend(record).status).toBe('not-asked');
  });

  test('a priced winner says its cost, the date and that it is a what-if', () => {
    expect(recommend(plantWinner()).details.at(-1)).toBe(
      'It costs $0.0231 per 1M predictions ($0.0000231 per 1,000; 43.2 M per $1) at 1,072/s, always busy, priced as aws/c7i.large on-demand $0.08925/h (2026-07-20). What-if: measured on another machine, same throughput assumed.',
    );
  });
});
