import type { CaseRecord } from './case-record.ts';
import { isMissing } from './figures.ts';
import type { Counts } from './measured.ts';
import type { RunRecord } from './run-record.ts';

/** What in a record does not add up, one sentence each. A record with any is refused when it is written. */
export function conservationProblems(record: Pick<RunRecord, 'cases'>): string[] {
  return record.cases.flatMap((one) => caseProblems(one).map((problem) => `${one.id}: ${problem}`));
}

function caseProblems(one: CaseRecord): string[] {
  return [
    ...countProblems('measured', one.counts),
    ...countProblems('warm-up', one.warmupCounts),
    ...one.trials.flatMap((trial) => countProblems(`trial ${trial.index}`, trial.counts)),
    ...trialProblems(one),
    ...classProblems(one),
    ...batchProblems(one),
    ...arrivalProblems(one),
  ];
}

/** scheduled = sent + unsent; sent = ok + failed + timedOut + cancelled + inFlightAtEnd; outcomes sum to the finished. */
function countProblems(phase: string, counts: Counts): string[] {
  const { scheduled, sent, unsent, ok, failed, timedOut, cancelled, inFlightAtEnd } = counts;
  const problems: string[] = [];
  if (scheduled !== sent + unsent) {
    problems.push(`${phase}: scheduled ${scheduled} is not sent ${sent} + unsent ${unsent}`);
  }
  const ended = ok + failed + timedOut + cancelled + inFlightAtEnd;
  if (sent !== ended) {
    problems.push(
      `${phase}: sent ${sent} is not ok ${ok} + failed ${failed} + timed out ${timedOut} + cancelled ${cancelled} + in flight ${inFlightAtEnd}`,
    );
  }
  const finished = ended - inFlightAtEnd;
  const named = Object.values(counts.byOutcome).reduce((sum, count) => sum + count, 0);
  if (named !== finished) problems.push(`${phase}: outcomes name ${named} requests, ${finished} finished`);
  const namedOk = counts.byOutcome.ok ?? 0;
  if (namedOk !== ok) problems.push(`${phase}: outcomes name ${namedOk} ok, ${ok} are counted`);
  return problems;
}

/** Trials, where there are any, sum to the case. */
function trialProblems({ trials, counts }: CaseRecord): string[] {
  if (trials.length === 0) return [];
  return (['scheduled', 'sent', 'ok'] as const).flatMap((name) => {
    const sum = trials.reduce((total, trial) => total + trial.counts[name], 0);
    return sum === counts[name] ? [] : [`the trials count ${sum} ${name}, the case ${counts[name]}`];
  });
}

/** Each class is conserved, and all of them sum to the case. */
function classProblems({ classes, counts, rows }: CaseRecord): string[] {
  const all = Object.entries(classes);
  if (all.length === 0) return [];
  const sums = (['scheduled', 'sent', 'unsent', 'ok', 'timedOut', 'inFlightAtEnd'] as const).flatMap(
    (name) => {
      const sum = all.reduce((total, [, one]) => total + one.counts[name], 0);
      return sum === counts[name] ? [] : [`the classes count ${sum} ${name}, the case ${counts[name]}`];
    },
  );
  const rowSum = all.reduce((total, [, one]) => total + one.rows, 0);
  return [
    ...all.flatMap(([name, one]) => countProblems(`class ${name}`, one.counts)),
    ...sums,
    ...(rowSum === rows ? [] : [`the classes count ${rowSum} rows, the case ${rows}`]),
  ];
}

/** Only a server of ours must agree with itself to the last row; somebody else's snapshot may straddle a batch. */
function batchProblems({ batch, target }: CaseRecord): string[] {
  if (isMissing(batch) || target.kind !== 'reference') return [];
  const sizes = Object.entries(batch.histogram);
  const rows = sizes.reduce((sum, [size, count]) => sum + Number(size) * count, 0);
  const executions = sizes.reduce((sum, [, count]) => sum + count, 0);
  const released = Object.values(batch.release).reduce((sum, count) => sum + count, 0);
  const problems: string[] = [];
  if (rows !== batch.rowsExecuted) {
    problems.push(`the batch histogram holds ${rows} rows, the server executed ${batch.rowsExecuted}`);
  }
  if (executions !== batch.executions) {
    problems.push(`the batch histogram holds ${executions} batches, the server executed ${batch.executions}`);
  }
  if (Object.keys(batch.release).length > 0 && released !== batch.executions) {
    problems.push(`${released} batches were released, ${batch.executions} executed`);
  }
  return problems;
}

/** A server of ours that counts arrivals otherwise than we count what was sent is a fault, of it or of us. */
function arrivalProblems(one: CaseRecord): string[] {
  const mismatch = one.target.kind === 'reference' ? arrivalMismatch(one) : undefined;
  if (mismatch === undefined) return [];
  return [`${mismatch.sent} requests were sent, the server counted ${mismatch.arrived}`];
}

/**
 * A server that counts arrivals must have seen what was sent to it, no more, and no less than what it answered: a
 * request that was reset, timed out or cut off may or may not have reached it. Undefined where that is so.
 */
export function arrivalMismatch({
  serverArrivals,
  counts,
  warmupCounts,
}: Pick<CaseRecord, 'serverArrivals' | 'counts' | 'warmupCounts'>):
  | { readonly sent: number; readonly arrived: number }
  | undefined {
  if (isMissing(serverArrivals)) return undefined;
  const both = [counts, warmupCounts];
  const sent = both.reduce((sum, one) => sum + one.sent, 0);
  const unsure = both.reduce(
    (sum, one) => sum + one.timedOut + one.cancelled + one.inFlightAtEnd + lost(one),
    0,
  );
  const agree = serverArrivals <= sent && serverArrivals >= sent - unsure;
  return agree ? undefined : { sent, arrived: serverArrivals };
}

function lost({ byOutcome }: Counts): number {
  return ['connect-error', 'reset', 'truncated', 'malformed'].reduce(
    (sum, name) => sum + (byOutcome[name] ?? 0),
    0,
  );
}
