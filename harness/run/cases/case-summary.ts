import type { CaseRecord, TrialRecord } from '../../record/case-record.ts';
import type { Figure } from '../../record/figures.ts';
import type { Cause } from '../../record/judged.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { meanInterval } from '../../statistics/batch-means.ts';
import { littlesLaw } from '../../statistics/littles-law.ts';
import type { LoadResult } from '../load-engine.ts';
import { answersTogether, bodyBytesTogether, stalenessTogether } from '../results/merge-results.ts';
import { type PooledFacts, type PooledWindow, poolFacts } from '../results/pooled-facts.ts';
import { classRecords } from './case-classes.ts';
import { type Headline, judge } from './case-judgement.ts';
import { type Latency, latencyOf } from './case-latency.ts';
import { stalenessRecord } from './case-staleness.ts';

export interface CaseInput {
  readonly trials: readonly { readonly startedAt: string; readonly results: readonly LoadResult[] }[];
  readonly load: LoadRecord;
  /** The percentile that an open case must be able to show: the SLO's, p99 where there is none. */
  readonly headline: Headline;
  readonly causes: readonly Cause[];
  /** Something happened to the target meanwhile, as the scenario wanted. */
  readonly changed?: boolean;
}

/** The part of a case's record that comes from the load engine. */
export type CaseMeasurement = Pick<
  CaseRecord,
  | 'trials'
  | 'answers'
  | 'staleness'
  | 'classes'
  | 'counts'
  | 'warmupCounts'
  | 'rows'
  | 'durationS'
  | 'bodyBytes'
  | 'throughput'
  | 'latencyMs'
  | 'designEffect'
  | 'sampleEffect'
  | 'steady'
  | 'littlesLaw'
  | 'windows'
  | 'events'
  | 'histograms'
  | 'bugCounters'
  | 'credibility'
>;

/**
 * From the facts of a case's trials to its figures. Trials are pooled: counts added, histograms merged, windows kept
 * side by side (the record shows those of the last trial); each trial is summarised alone too, so that their spread
 * can be seen.
 * Response percentiles count timed-out, unsent and still-open requests as later than anything seen; failed ones are
 * no latency samples at all.
 */
export function summariseCase(input: CaseInput): CaseMeasurement {
  const pooled = poolFacts(input.trials.map(({ results }) => results));
  const whole = figuresOf(pooled, input);
  return {
    ...whole.shared,
    trials: input.trials.map((trial, index) => trialRecord(trial, index, input)),
    classes: classRecords(pooled, whole.shared.latencyMs.response, whole.latency.distributionOf),
    ...answersTogether(pooled.results),
    ...stalenessRecord(pooled.results),
    warmupCounts: pooled.warmupCounts,
    rows: pooled.rows,
    durationS: pooled.durationS,
    ...meanBodyBytes(pooled),
    designEffect: whole.latency.designEffect,
    sampleEffect: { ...whole.latency.sampleEffect },
    steady: whole.steady,
    littlesLaw: loopLaw(pooled, input.load),
    bugCounters: {
      negativeTimes: sum(pooled.results, ({ clamped }) => clamped.negative),
      undestroyedHistograms: sum(pooled.results, ({ undestroyedHistograms = 0 }) => undestroyedHistograms),
    },
    windows: (pooled.windows.at(-1) ?? []).map((window) => windowRecord(window, pooled.responseMissing)),
    events: pooled.results.flatMap(({ events }) => events),
    histograms: {
      response: pooled.encoded.response,
      service: pooled.encoded.service,
      sendLag: pooled.encoded.sendLag,
      dispatchLag: pooled.encoded.dispatchLag,
      ...ageHistogram(pooled),
    },
  };
}

function ageHistogram({ results }: PooledFacts): Record<string, string> {
  const { staleness } = stalenessTogether(results);
  return staleness === undefined ? {} : { age: staleness.ages };
}

function meanBodyBytes({ results, counts }: PooledFacts): Pick<CaseRecord, 'bodyBytes'> {
  const { bodyBytes } = bodyBytesTogether(results);
  if (bodyBytes === undefined || counts.ok === 0) return {};
  return { bodyBytes: { sent: bodyBytes.sent / counts.ok, received: bodyBytes.received / counts.ok } };
}

function sum(results: readonly LoadResult[], pick: (result: LoadResult) => number): number {
  return results.reduce((total, one) => total + pick(one), 0);
}

function trialRecord(
  { startedAt, results }: CaseInput['trials'][number],
  index: number,
  input: CaseInput,
): TrialRecord {
  const sockets = results.find((one) => one.sockets !== undefined)?.sockets;
  const stopped = results.find((one) => one.stopped !== undefined)?.stopped;
  return {
    index,
    startedAt,
    ...(sockets === undefined ? {} : { sockets }),
    ...(stopped === undefined ? {} : { stopped }),
    ...figuresOf(poolFacts([results]), input).shared,
  };
}

function figuresOf(pooled: PooledFacts, { load, headline, causes, changed = false }: CaseInput) {
  const latency: Latency = latencyOf(pooled);
  const throughput = throughputOf(pooled, load);
  const { credibility, steady } = judge({ pooled, load, headline, causes, changed, latency, throughput });
  return {
    shared: { counts: pooled.counts, throughput, latencyMs: latency.latencyMs, credibility },
    latency,
    steady,
  };
}

function throughputOf(pooled: PooledFacts, load: LoadRecord): CaseRecord['throughput'] {
  const { durationS, completed, goodRows, responseMissing } = pooled;
  const measured = pooled.windows.flat().filter(({ phase }) => phase === 'measure');
  const perS = (count: number) => (durationS > 0 ? count / durationS : 0);
  const interval =
    load.law === undefined
      ? meanInterval(measured.map(({ ok, durationS: length }) => ok / length))
      : intervalUnderLaw(measured, perS(pooled.counts.scheduled));
  return {
    requestsPerS: perS(completed.requests),
    rowsPerS: perS(completed.rows),
    goodRowsPerS:
      goodRows === undefined
        ? { missing: responseMissing ?? 'no latency objective is given' }
        : perS(goodRows),
    interval: interval ?? { missing: `${measured.length} windows; an interval needs 3` },
  };
}

/** Where the offered rate changes by design, only what windows completed beside what they were offered is chance. */
function intervalUnderLaw(windows: readonly PooledWindow[], offeredPerS: number) {
  const beside = windows.map(({ ok, arrivals, durationS }) => offeredPerS + (ok - arrivals) / durationS);
  return meanInterval(beside);
}

function loopLaw(pooled: PooledFacts, load: LoadRecord): CaseRecord['littlesLaw'] {
  if (load.shape !== 'closed') return { missing: 'an open loop has no fixed concurrency' };
  if (load.mlperf?.scenario === 'offline') return { missing: 'all were sent at once' };
  const meanMs = pooled.buckets.allOutcomes.meanMs();
  if (meanMs === undefined || pooled.durationS === 0) return { missing: 'nothing was completed' };
  return littlesLaw({
    concurrency: load.inFlight ?? 1,
    completionsPerS: pooled.completed.allOutcomes / pooled.durationS,
    meanMs,
    thinkTimeMs: load.thinkTimeMs ?? 0,
  });
}

function windowRecord(
  { response, ...window }: PooledWindow,
  responseMissing: string | undefined,
): CaseRecord['windows'][number] {
  const percentile = (p: number): Figure =>
    responseMissing === undefined
      ? (response.percentileMs(p) ?? { missing: 'nothing was answered in this window' })
      : { missing: responseMissing };
  return { ...window, responseP50Ms: percentile(50), responseP99Ms: percentile(99) };
}
