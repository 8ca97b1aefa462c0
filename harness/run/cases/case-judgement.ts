import {
  type CredibilityFacts,
  credibility,
  LATE_MS,
  lateAfterMs,
  provenLate,
} from '../../gates/credibility.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { isMissing } from '../../record/figures.ts';
import type { Cause } from '../../record/judged.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { backlogs, overload } from '../../statistics/overload.ts';
import { steadiness } from '../../statistics/steadiness.ts';
import type { LoadResult } from '../load-engine.ts';
import type { PooledFacts, PooledWindow } from '../results/pooled-facts.ts';
import type { Latency } from './case-latency.ts';

/** The percentile that an open case must be able to show. */
export type Headline = 'p50' | 'p90' | 'p95' | 'p99' | 'p999';

/** Below this share of the time, sleepers woken late cannot make one arrival of a hundred late. */
const LATE_WAKES_SHARE = 0.0025;

/** What a generator's own result tells; the other causes are seen from beside it. */
export const GENERATOR_CAUSES: readonly Cause['id'][] = ['gc', 'late-wakes'];

export interface JudgementInput {
  readonly pooled: PooledFacts;
  readonly load: LoadRecord;
  readonly headline: Headline;
  readonly causes: readonly Cause[];
  readonly changed: boolean;
  readonly latency: Latency;
  readonly throughput: CaseRecord['throughput'];
}

/** May the case be believed, and did it hold still? */
export function judge(input: JudgementInput): Pick<CaseRecord, 'credibility' | 'steady'> {
  const { pooled, load, headline, latency } = input;
  const { buckets, counts, results } = pooled;
  const steady = input.changed ? CHANGED : steadyUnder(load, pooled);
  const lateAfter = lateAfterMs(buckets.response.percentileMs(50));
  // All at once: whatever waits, waits by design.
  const isOffline = load.mlperf?.scenario === 'offline';
  const lateShare =
    isOffline || counts.sent === 0 ? 0 : buckets.dispatchLag.countAboveMs(lateAfter) / counts.sent;
  const record = credibility({
    percentiles: isOffline ? [] : comparedPercentiles(pooled, latency),
    lateShare,
    arrivals: counts.sent,
    lateAfterMs: lateAfter,
    receiveLagP90Ms: buckets.receiveLag.percentileMs(90),
    overload:
      load.shape === 'closed'
        ? undefined
        : overloadOf(input, !provenLate({ lateShare, arrivals: counts.sent })),
    unsent: counts.unsent,
    answered: counts.ok,
    steadiness: steady,
    missingHeadline: headlineGap(load, headline, latency),
    clock: worstClock(results),
    negativeTimes: results.reduce((sum, { clamped }) => sum + clamped.negative, 0),
    endedEarly: results.map(({ endedEarly }) => endedEarly).find((reason) => reason !== undefined),
    causes: [...input.causes, ...gcCauses(results), ...lateWakeCauses(results)],
  });
  return { credibility: record, steady };
}

/** A closed pass is about throughput; an open case must show the percentile that is promised. */
function headlineGap(load: LoadRecord, headline: Headline, { latencyMs }: Latency): string | undefined {
  const wanted = latencyMs.response[headline];
  const known = !isMissing(wanted) || wanted.above !== undefined;
  return load.shape === 'closed' || known ? undefined : `${headline} ${wanted.missing}`;
}

function comparedPercentiles(
  { buckets }: PooledFacts,
  { latencyMs }: Latency,
): CredibilityFacts['percentiles'] {
  return (
    [
      ['p50', 50],
      ['p95', 95],
      ['p99', 99],
    ] as const
  ).flatMap(([name, p]) => {
    const shown = latencyMs.response[name];
    const lessDispatchLagMs = buckets.responseLessDispatchLag.percentileMs(p);
    const lessConnectionWaitMs = buckets.responseLessConnectionWait.percentileMs(p);
    if (isMissing(shown) || lessDispatchLagMs === undefined || lessConnectionWaitMs === undefined) return [];
    const { value: responseMs, low: responseLowMs } = shown;
    return [{ name, responseMs, responseLowMs, lessDispatchLagMs, lessConnectionWaitMs }];
  });
}

function overloadOf({ pooled, throughput }: JudgementInput, dispatchLagClean: boolean): string | undefined {
  const { counts, durationS, windows } = pooled;
  if (durationS === 0) return undefined;
  const queues = windows.map((trial) => backlogs(trial.map(withFinished), measuredS(trial)));
  const sum = (pick: (queue: { atThird: number; atEnd: number }) => number) =>
    queues.reduce((total, queue) => total + pick(queue), 0);
  const { interval, requestsPerS } = throughput;
  return overload({
    offeredPerS: counts.scheduled / durationS,
    okPerS: requestsPerS,
    okHighPerS: isMissing(interval) ? requestsPerS : interval.high,
    dispatchLagClean,
    scheduled: counts.scheduled,
    backlogAtThird: sum(({ atThird }) => atThird),
    backlogAtEnd: sum(({ atEnd }) => atEnd),
  }).reason;
}

/** Each trial may end at a time of its own. */
function measuredS(trial: readonly PooledWindow[]): number {
  const measured = trial.filter(({ phase }) => phase === 'measure');
  return Math.max(0, ...measured.map(({ startS, durationS }) => startS + durationS));
}

function withFinished({ ok, notOk, ...window }: PooledWindow) {
  return { ...window, finished: ok + notOk };
}

const CHANGED: CaseRecord['steady'] = {
  verdict: 'not-assessed',
  message: 'things happened to the server by design',
};

/** What changes by design cannot hold still. */
function steadyUnder({ law, mlperf }: LoadRecord, { windows }: PooledFacts): CaseRecord['steady'] {
  if (law !== undefined) return { verdict: 'not-assessed', message: 'the offered rate changes by design' };
  if (mlperf?.scenario === 'offline') return { verdict: 'not-assessed', message: 'all were sent at once' };
  return steadinessOf(windows);
}

/** Throughput and median both: drifting is either drifting, steady is both steady. */
function steadinessOf(trials: PooledFacts['windows']): CaseRecord['steady'] {
  const verdicts = trials.flatMap((windows) => {
    const measured = windows.filter(({ phase }) => phase === 'measure');
    const medians = measured
      .map(({ response }) => response.percentileMs(50))
      .filter((value) => value !== undefined);
    return [
      { of: 'throughput', ...steadiness(measured.map(({ ok, durationS }) => ok / durationS)) },
      { of: 'p50', ...steadiness(medians) },
    ];
  });
  const worst =
    verdicts.find(({ verdict }) => verdict === 'unsteady') ??
    verdicts.find(({ verdict }) => verdict === 'not-assessed') ??
    verdicts[0];
  if (worst === undefined) return { verdict: 'not-assessed', message: 'nothing was measured' };
  return { verdict: worst.verdict, message: `${worst.of}: ${worst.message}` };
}

function worstClock(results: readonly LoadResult[]): LoadResult['clock'] {
  const drift = ({ clock }: LoadResult) => Math.abs(clock.monotonicMs - clock.wallMs);
  const [worst] = [...results].sort((a, b) => drift(b) - drift(a));
  return worst?.clock ?? { monotonicMs: 0, wallMs: 0 };
}

/** Pauses long enough to make an arrival late. */
function gcCauses(results: readonly LoadResult[]): Cause[] {
  const longest = Math.max(0, ...results.map(({ gc }) => gc.longestMs));
  if (longest <= LATE_MS) return [];
  return [
    { id: 'gc', message: `garbage collection paused the generator for up to ${longest.toFixed(1)} ms` },
  ];
}

/** Nothing of ours can make an idle loop wake late; whose core it was meanwhile tells who did. */
function lateWakeCauses(results: readonly LoadResult[]): Cause[] {
  const shareOf = ({ lateWakes, durationMs }: LoadResult) =>
    (lateWakes?.totalMs ?? 0) / Math.max(1, durationMs);
  const [worst] = [...results].sort((a, b) => shareOf(b) - shareOf(a));
  if (worst?.lateWakes === undefined || shareOf(worst) <= LATE_WAKES_SHARE) return [];
  const { count, totalMs, waitedMs } = worst.lateWakes;
  const who =
    waitedMs > totalMs / 2 ? 'other processes had its core' : 'this machine was being stopped by its host';
  const message = `with nothing to do, the generator was woken more than 2 ms late ${count} times, ${(totalMs / count).toFixed(1)} ms in the mean: ${who}`;
  return [{ id: 'late-wakes', message }];
}
