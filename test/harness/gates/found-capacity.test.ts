import { describe, expect, it } from 'vitest';
import { recommend } from '../../../harness/gates/recommend.ts';
import type { CaseRecord } from '../../../harness/record/case-record.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import type { SearchRecord } from '../../../harness/record/search-record.ts';
import { plantWinner } from '../../support/planted-records.ts';

/** The case that holds the planted promise, as the long run of a setting's search. */
function verdictOf(record: RunRecord, batch: string): CaseRecord {
  const proof = record.cases.find(({ id }) => id === record.answer.capacity?.caseId) ?? record.cases[0];
  if (proof === undefined) throw new Error('the planted run has no case');
  const axes = { batch, load: 'capacity' };
  return { ...proof, id: `batch=${batch},load=capacity`, axes, load: { ...proof.load, label: 'capacity' } };
}

function searchOf(batch: string, lowPerS: number, highPerS: number, provenPerS?: number): SearchRecord {
  const requestsPerS = (lowPerS + highPerS) / 2;
  return {
    axes: { batch },
    precision: 0.05,
    atMostMs: 60_000,
    found: {
      end: 'precision',
      estimate: { requestsPerS, standardErrorPerS: 5, lowPerS, highPerS, repetitions: 8 },
      highestPassPerS: lowPerS,
      lowestBreachPerS: highPerS,
      broke: 'p99 < 50ms',
      ...(provenPerS === undefined ? {} : { provenPerS }),
    },
    runs: [],
    fitted: [],
    caseId: `batch=${batch},load=capacity`,
  };
}

const planted = plantWinner();
const answerOf = (searches: readonly SearchRecord[], planned = searches.length) => {
  const cases = searches.map(({ axes }) => verdictOf(planted, axes.batch ?? ''));
  const scenario = { ...planted.scenario, axes: { batch: ['1', '8', '32'] }, plannedCases: planned };
  return recommend({ decide: planted.decide, cases, scenario, searches });
};

describe('the answer of a search', () => {
  it('is the setting of the highest capacity, with its interval', () => {
    const answer = answerOf([searchOf('8', 500, 540, 490), searchOf('32', 1000, 1080, 990)]);
    expect(answer).toMatchObject({
      status: 'recommended',
      setting: { batch: '32' },
      ties: [],
      capacity: { found: { requestsPerS: 1040, lowPerS: 1000, highPerS: 1080 }, brokenAtPerS: 1080 },
    });
    expect(answer.sentence).toBe('Serve it with batch 32.');
    expect(answer.details[0]).toMatch(/up to 1,040 requests\/s \(90 % interval 1,000-1,080\); proven at /);
  });

  it('names settings whose intervals overlap as ties', () => {
    const answer = answerOf([searchOf('8', 1000, 1080, 990), searchOf('32', 1010, 1090, 990)]);
    expect(answer).toMatchObject({ status: 'tie', setting: { batch: '32' }, ties: [{ batch: '8' }] });
    expect(answer.sentence).toBe('Serve it with batch 32; batch 8 does as well.');
    expect(answer.details.join(' ')).toContain('overlap (1,010-1,090 and 1,000-1,080 rows/s)');
  });

  it('is unfinished as long as a setting is missing, or its search has no end', () => {
    expect(answerOf([searchOf('8', 500, 540, 490)], 2).status).toBe('unfinished');
    const { end: _, ...found } = searchOf('32', 1000, 1080).found;
    const cut = { ...searchOf('32', 1000, 1080), found };
    expect(answerOf([searchOf('8', 500, 540, 490), cut]).status).toBe('unfinished');
  });
});
