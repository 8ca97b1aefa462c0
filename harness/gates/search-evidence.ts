import type { CaseRecord } from '../record/case-record.ts';
import { type BoundCount, type ProbeRun, weighedOf } from '../record/search-record.ts';
import type { Expression } from '../scenario/expression.ts';
import { Buckets } from '../statistics/buckets.ts';
import { isLatency } from './bounds.ts';
import { isCeiling, judgeAll } from './budget.ts';

/** What one run says to a search for the capacity. */
export type SearchEvidence = Pick<ProbeRun, 'counts' | 'outcome' | 'why' | 'clientLimited' | 'overloaded'>;

/** What a latency promise allows besides, where none of its bounds speaks of errors. */
const IMPLIED_ERRORS = { expression: 'errors < 1%', allowed: 0.01 };
/** A promise of no errors at all allows one in a million, so that there is something to divide by. */
const LEAST_ALLOWED = 1e-6;
/** Doubts that a short probe may have: its counts are pooled with those of others, and say so themselves. */
const HARMLESS: readonly string[] = ['too-few-samples', 'nothing-answered'];

/** A short probe: how many were worse than each bound, and on which side of the promise that lies, proven or not. */
export function probeEvidence(
  record: CaseRecord,
  slo: readonly Expression[],
  aborted: boolean,
): SearchEvidence {
  const { status, reasons } = record.credibility;
  const counts = boundCounts(record, slo);
  const clientLimited = status === 'client-limited' || status === 'connection-limited';
  const overloaded = status === 'overloaded' || (aborted && !clientLimited);
  const doubts = reasons.filter(({ id }) => !HARMLESS.includes(id));
  const [doubt] = doubts;
  if (clientLimited || (status === 'inconclusive' && !overloaded && doubt !== undefined)) {
    return { counts, outcome: 'unclear', why: doubt?.message ?? status, clientLimited, overloaded: false };
  }
  const broken = counts.some((count) => count.bad > count.allowed * weighedOf(count));
  return { counts, outcome: overloaded || broken ? 'breach' : 'pass', clientLimited, overloaded };
}

/** A long run: whether it proves the promise, as for any other case. */
export function verdictEvidence(record: CaseRecord, slo: readonly Expression[]): SearchEvidence {
  const { status } = record.credibility;
  const judgements = judgeAll(record, slo);
  const unkept = judgements.find(({ outcome }) => outcome !== 'pass');
  const failed = judgements.some(({ outcome }) => outcome === 'fail');
  return {
    counts: boundCounts(record, slo),
    outcome: unkept === undefined ? 'pass' : failed ? 'breach' : 'unclear',
    ...(unkept === undefined ? {} : { why: unkept.message }),
    clientLimited: status === 'client-limited' || status === 'connection-limited',
    overloaded: status === 'overloaded',
  };
}

/**
 * Of each bound the requests that were worse. Requests without an end took longer than any bound; failed ones are no
 * latency samples, and count as errors.
 */
export function boundCounts(record: CaseRecord, slo: readonly Expression[]): BoundCount[] {
  const { counts } = record;
  const unfinished = counts.timedOut + counts.inFlightAtEnd;
  const errors = { bad: counts.failed + unfinished, of: counts.sent - counts.cancelled };
  const encoded = record.histograms.response;
  const response = encoded === undefined ? undefined : Buckets.decode(encoded);
  const bounds = slo.flatMap((one): BoundCount[] => {
    const { metric, bound, text: expression } = one;
    if (metric === 'errors') return [{ expression, ...errors, allowed: Math.max(LEAST_ALLOWED, bound) }];
    const quantile = /^p(\d+)$/.exec(metric)?.[1];
    if (quantile === undefined || !isCeiling(one)) return [];
    const late = response?.countAboveMs(bound) ?? 0;
    const censored = unfinished + counts.unsent;
    return [
      { expression, bad: late + censored, of: counts.ok + censored, allowed: 1 - Number(`0.${quantile}`) },
    ];
  });
  const saysErrors = slo.some(({ metric }) => metric === 'errors');
  const implied = !saysErrors && slo.some(({ metric }) => isLatency(metric));
  return implied ? [...bounds, { ...IMPLIED_ERRORS, ...errors }] : bounds;
}
