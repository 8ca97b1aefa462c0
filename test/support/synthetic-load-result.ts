import { HISTOGRAMS } from '../../harness/measure/histogram-names.ts';
import type { LoadRecord } from '../../harness/record/load-record.ts';
import type { Counts } from '../../harness/record/measured.ts';
import type { LoadResult, LoadWindow } from '../../harness/run/load-engine.ts';
import { Histogram } from '../../harness/statistics/histogram.ts';

/** What happened to one request, in ms from the start of the measure phase; how the engine would have seen it. */
export interface SyntheticRequest {
  readonly intendedAtMs: number;
  readonly dispatchLagMs?: number;
  readonly connectionWaitMs?: number;
  readonly serviceMs?: number;
  /** `open`: still unanswered when the drain ended. Default ok. */
  readonly outcome?: 'ok' | 'timeout' | 'http-5xx' | 'cancelled' | 'open' | 'unsent';
}

export interface SyntheticRun {
  readonly durationMs: number;
  readonly windowMs: number;
  readonly requests: readonly SyntheticRequest[];
  readonly receiveLagMs?: number;
  readonly facts?: Partial<LoadResult>;
}

export const OPEN_LOAD: LoadRecord = {
  shape: 'poisson',
  label: '200/s',
  resolvedRate: 200,
  connections: 64,
  maxInFlight: 1024,
  timeoutMs: 10_000,
  seed: 7,
};

export const CLOSED_LOAD: LoadRecord = {
  shape: 'closed',
  label: 'saturation',
  inFlight: 4,
  thinkTimeMs: 0,
  connections: 4,
  maxInFlight: 4,
  timeoutMs: 10_000,
  seed: 7,
};

/** `ratePerS` evenly spaced requests of `durationMs`, each made by `request` from its index. */
export function evenly(
  ratePerS: number,
  durationMs: number,
  request: (index: number) => Omit<SyntheticRequest, 'intendedAtMs'>,
): SyntheticRequest[] {
  return Array.from({ length: (ratePerS * durationMs) / 1000 }, (_, index) => ({
    intendedAtMs: (index * 1000) / ratePerS,
    ...request(index),
  }));
}

/** A load engine's result for requests that are all known: one row each. */
export function loadResult(run: SyntheticRun): LoadResult {
  const { requests, durationMs } = run;
  const done = requests.filter(isFinished).filter((request) => doneAtMs(request) < durationMs);
  const ok = done.filter((request) => outcomeOf(request) === 'ok');
  return {
    instants: { warmupAtMs: 0, measureAtMs: 1000, measureEndAtMs: 1000 + durationMs },
    endedAtMs: 1000 + durationMs,
    durationMs,
    counts: countsOf(requests),
    warmupCounts: countsOf(evenly(10, 1000, () => ({}))),
    rows: requests.filter((request) => outcomeOf(request) === 'ok').length,
    goodRows: undefined,
    completedInPhase: { requests: ok.length, rows: ok.length, allOutcomes: done.length },
    histograms: histogramsOf(run),
    windows: windowsOf(run),
    clamped: { negative: 0, aboveRange: 0 },
    clock: { monotonicMs: durationMs, wallMs: durationMs },
    connections: { opened: 64, connectMeanMs: 0.3 },
    generatorCpuCores: 0.2,
    eventLoopUtilization: 0.3,
    gc: { count: 1, totalMs: 0.5, longestMs: 0.5 },
    events: [],
    endedEarly: undefined,
    ...run.facts,
  };
}

function outcomeOf({ outcome = 'ok' }: SyntheticRequest) {
  return outcome;
}

function isFinished(request: SyntheticRequest): boolean {
  return outcomeOf(request) !== 'open' && outcomeOf(request) !== 'unsent';
}

function parts({ dispatchLagMs = 0, connectionWaitMs = 0, serviceMs = 10 }: SyntheticRequest) {
  return {
    dispatchLagMs,
    connectionWaitMs,
    serviceMs,
    responseMs: dispatchLagMs + connectionWaitMs + serviceMs,
  };
}

function doneAtMs(request: SyntheticRequest): number {
  return request.intendedAtMs + parts(request).responseMs;
}

function countsOf(requests: readonly SyntheticRequest[]): Counts {
  const byOutcome: Record<string, number> = {};
  for (const request of requests) byOutcome[outcomeOf(request)] = (byOutcome[outcomeOf(request)] ?? 0) + 1;
  const { open = 0, unsent = 0, ...finished } = byOutcome;
  return {
    scheduled: requests.length,
    sent: requests.length - unsent,
    unsent,
    ok: finished.ok ?? 0,
    failed: finished['http-5xx'] ?? 0,
    timedOut: finished.timeout ?? 0,
    cancelled: finished.cancelled ?? 0,
    inFlightAtEnd: open,
    byOutcome: finished,
  };
}

function histogramsOf({ requests, receiveLagMs = 0.1 }: SyntheticRun): LoadResult['histograms'] {
  const ok = requests.filter((request) => outcomeOf(request) === 'ok').map(parts);
  const sent = requests.filter((request) => outcomeOf(request) !== 'unsent').map(parts);
  const values: Record<(typeof HISTOGRAMS)[number], number[]> = {
    response: ok.map(({ responseMs }) => responseMs),
    service: ok.map(({ serviceMs }) => serviceMs),
    sendLag: sent.map(({ dispatchLagMs, connectionWaitMs }) => dispatchLagMs + connectionWaitMs),
    dispatchLag: sent.map(({ dispatchLagMs }) => dispatchLagMs),
    connectionWait: sent.map(({ connectionWaitMs }) => connectionWaitMs),
    responseLessDispatchLag: ok.map(({ responseMs, dispatchLagMs }) => responseMs - dispatchLagMs),
    responseLessConnectionWait: ok.map(({ responseMs, connectionWaitMs }) => responseMs - connectionWaitMs),
    receiveLag: Array.from({ length: 100 }, () => receiveLagMs),
    allOutcomes: requests.filter(isFinished).map((request) => parts(request).responseMs),
  };
  return Object.fromEntries(
    HISTOGRAMS.map((name) => [name, encodeMs(values[name])]),
  ) as LoadResult['histograms'];
}

export function encodeMs(values: readonly number[]): string {
  const histogram = new Histogram();
  for (const value of values) histogram.recordMs(value);
  const encoded = histogram.encode();
  histogram.destroy();
  return encoded;
}

function windowsOf({ requests, durationMs, windowMs }: SyntheticRun): LoadWindow[] {
  return Array.from({ length: Math.round(durationMs / windowMs) }, (_, index) => {
    const within = (ms: number) => Math.floor(ms / windowMs) === index;
    const done = requests.filter((request) => isFinished(request) && within(doneAtMs(request)));
    const ok = done.filter((request) => outcomeOf(request) === 'ok');
    return {
      startS: (index * windowMs) / 1000,
      durationS: windowMs / 1000,
      phase: 'measure',
      arrivals: requests.filter(({ intendedAtMs }) => within(intendedAtMs)).length,
      ok: ok.length,
      notOk: done.length - ok.length,
      rows: ok.length,
      response: encodeMs(ok.map((request) => parts(request).responseMs)),
    };
  });
}
