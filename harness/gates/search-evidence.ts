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
  const spite = clientLimited && !aborted ? inSpiteOfLateness(record, slo, counts, doubts) : undefined;
  if (spite !== undefined) return { counts, outcome: spite, clientLimited, overloaded: false };
  if (clientLimited || (status === 'inconclusive' && !overloaded && doubt !== undefined)) {
    return { counts, outcome: 'unclear', why: doubt?.message ?? status, clientLimited, overloaded: false };
  }
  return { counts, outcome: overloaded || isBroken(counts) ? 'breach' : 'pass', clientLimited, overloaded };
}

/** What a late generator does to a figure: it can make a server look slower, never faster. */
const LATENESS: readonly string[] = ['dispatch-lag', 'late-arrivals', 'receive-lag'];

/**
 * The side of a probe whose generator was late, where that cannot have decided it. A promise that is kept with the
 * lateness in it is kept. One that is broken is broken where it is so from the send as well, and the arrivals were not
 * so late that they came in bunches.
 */
function inSpiteOfLateness(
  record: CaseRecord,
  slo: readonly Expression[],
  counts: readonly BoundCount[],
  doubts: readonly { readonly id: string }[],
): 'pass' | 'breach' | undefined {
  if (!doubts.every(({ id }) => LATENESS.includes(id))) return undefined;
  if (!isBroken(counts)) return 'pass';
  const isPunctual = doubts.every(({ id }) => id === 'dispatch-lag');
  return isPunctual && isBroken(boundCounts(record, slo, 'service')) ? 'breach' : undefined;
}

function isBroken(counts: readonly BoundCount[]): boolean {
  return counts.some((count) => count.bad > count.allowed * weighedOf(count));
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
function boundCounts(
  record: CaseRecord,
  slo: readonly Expression[],
  time: 'response' | 'service' = 'response',
): BoundCount[] {
  const { counts } = record;
  const unfinished = counts.timedOut + counts.inFlightAtEnd;
  const errors = { bad: counts.failed + unfinished, of: counts.sent - counts.cancelled };
  const encoded = record.histograms[time];
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
