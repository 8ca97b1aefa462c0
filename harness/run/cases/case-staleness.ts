import type { CaseRecord } from '../../record/case-record.ts';
import { Buckets } from '../../statistics/buckets.ts';
import { groupedShare } from '../../statistics/grouped-share.ts';
import type { LoadResult, StaleFacts } from '../load-engine.ts';
import { stalenessTogether } from '../results/merge-results.ts';

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** How old the answers of a case's trials were, as its record has it; nothing where that was not counted. */
export function stalenessRecord(results: readonly LoadResult[]): Pick<CaseRecord, 'staleness'> {
  const { staleness } = stalenessTogether(results);
  return staleness === undefined ? {} : { staleness: recordOf(staleness, Buckets.decode(staleness.ages)) };
}

function recordOf(facts: StaleFacts, ages: Buckets): NonNullable<CaseRecord['staleness']> {
  const answers = total(facts.answers);
  const age = (ms: number | undefined) => ms ?? { missing: 'every answer was computed for its request' };
  return {
    answers,
    aged: ages.count,
    ageMs: { p50: age(ages.percentileMs(50)), p99: age(ages.percentileMs(99)), max: age(ages.maxMs()) },
    changes: facts.changes
      .map(({ everyMs, stale }) => ({ everyMs, stale: total(stale), ...rates(everyMs, stale, facts, ages) }))
      .sort((a, b) => a.everyMs - b.everyMs),
  };
}

/**
 * The ages say what is to be expected better than one course of the changes does, so the interval holds that too; where
 * no answer has an age, none can be stale.
 */
function rates(everyMs: number, stale: readonly number[], { answers }: StaleFacts, ages: Buckets) {
  const { value, low, high } = groupedShare(stale, answers);
  if (ages.count === 0) return { rate: 0, low: 0, high: 0, expectedRate: 0 };
  const expectedRate = expectedStale(ages, everyMs) / total(answers);
  return { rate: value, low: Math.min(low, expectedRate), high: Math.max(high, expectedRate), expectedRate };
}

/** Of answers of these ages, if what lies behind each changes by chance, once in `everyMs` on average. */
export function expectedStale(ages: Buckets, everyMs: number): number {
  let sum = 0;
  ages.each((lowestUs, highestUs, count) => {
    sum -= count * Math.expm1(-(lowestUs + highestUs) / 2000 / everyMs);
  });
  return sum;
}
