import { HISTOGRAMS, type HistogramName } from '../../measure/histogram-names.ts';
import type { Counts } from '../../record/measured.ts';
import { Buckets } from '../../statistics/buckets.ts';
import { Histogram } from '../../statistics/histogram.ts';
import type { LoadResult, LoadWindow } from '../load-engine.ts';

/** The facts of several trials as one: counts added, histograms merged, windows side by side. Never a mean of percentiles. */
export interface PooledFacts {
  readonly counts: Counts;
  readonly warmupCounts: Counts;
  readonly rows: number;
  /** Undefined where no deadline makes a row good. */
  readonly goodRows: number | undefined;
  readonly durationS: number;
  readonly completed: { readonly requests: number; readonly rows: number; readonly allOutcomes: number };
  readonly buckets: Readonly<Record<HistogramName, Buckets>>;
  readonly encoded: Readonly<Record<HistogramName, string>>;
  /** One list a trial; the windows of its generators added up. */
  readonly windows: readonly (readonly PooledWindow[])[];
  readonly results: readonly LoadResult[];
  /** Why there are only service times, which the windows hold then. */
  readonly responseMissing: string | undefined;
}

export interface PooledWindow extends Omit<LoadWindow, 'response'> {
  readonly response: Buckets;
}

/** `trials`: the results of each trial's generators. */
export function poolFacts(trials: readonly (readonly LoadResult[])[]): PooledFacts {
  const results = trials.flat();
  const encoded = mergeAll(results);
  const sum = (pick: (result: LoadResult) => number) => results.reduce((total, one) => total + pick(one), 0);
  const good = results.every(({ goodRows }) => goodRows !== undefined);
  return {
    counts: addCounts(results.map(({ counts }) => counts)),
    warmupCounts: addCounts(results.map(({ warmupCounts }) => warmupCounts)),
    rows: sum(({ rows }) => rows),
    goodRows: good ? sum(({ goodRows }) => goodRows ?? 0) : undefined,
    durationS: trials.reduce((total, [first]) => total + (first?.durationMs ?? 0) / 1000, 0),
    completed: {
      requests: sum(({ completedInPhase }) => completedInPhase.requests),
      rows: sum(({ completedInPhase }) => completedInPhase.rows),
      allOutcomes: sum(({ completedInPhase }) => completedInPhase.allOutcomes),
    },
    buckets: mapNames((name) => Buckets.decode(encoded[name])),
    encoded,
    windows: trials.map(windowsOfTrial),
    results,
    responseMissing: results.find((one) => one.responseMissing !== undefined)?.responseMissing,
  };
}

function mapNames<T>(make: (name: HistogramName) => T): Record<HistogramName, T> {
  return Object.fromEntries(HISTOGRAMS.map((name) => [name, make(name)])) as Record<HistogramName, T>;
}

function mergeAll(results: readonly LoadResult[]): Record<HistogramName, string> {
  return mapNames((name) => mergeEncoded(results.map(({ histograms }) => histograms[name])));
}

/** Base64 in, base64 out; one alone is itself. */
export function mergeEncoded(encoded: readonly string[]): string {
  const [only] = encoded;
  if (encoded.length === 1 && only !== undefined) return only;
  const pool = new Histogram();
  try {
    for (const one of encoded) {
      const part = Histogram.decode(one);
      pool.merge(part);
      part.destroy();
    }
    return pool.encode();
  } finally {
    pool.destroy();
  }
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum = (pick: (counts: Counts) => number) => all.reduce((total, one) => total + pick(one), 0);
  const byOutcome: Record<string, number> = {};
  for (const [outcome, count] of all.flatMap((one) => Object.entries(one.byOutcome))) {
    byOutcome[outcome] = (byOutcome[outcome] ?? 0) + count;
  }
  return {
    scheduled: sum((one) => one.scheduled),
    sent: sum((one) => one.sent),
    unsent: sum((one) => one.unsent),
    ok: sum((one) => one.ok),
    failed: sum((one) => one.failed),
    timedOut: sum((one) => one.timedOut),
    cancelled: sum((one) => one.cancelled),
    inFlightAtEnd: sum((one) => one.inFlightAtEnd),
    byOutcome,
  };
}

/** Generators of one trial share the schedule's clock, so windows with the same start are the same window. */
function windowsOfTrial(generators: readonly LoadResult[]): PooledWindow[] {
  const byStart = new Map<number, LoadWindow[]>();
  for (const window of generators.flatMap(({ windows }) => windows)) {
    byStart.set(window.startS, [...(byStart.get(window.startS) ?? []), window]);
  }
  return [...byStart.values()].flatMap((same) => joinWindows(same)).sort((a, b) => a.startS - b.startS);
}

function joinWindows(same: readonly LoadWindow[]): PooledWindow[] {
  const [first] = same;
  if (first === undefined) return [];
  const sum = (pick: (window: LoadWindow) => number) => same.reduce((total, one) => total + pick(one), 0);
  return [
    {
      startS: first.startS,
      durationS: first.durationS,
      phase: first.phase,
      arrivals: sum(({ arrivals }) => arrivals),
      ok: sum(({ ok }) => ok),
      notOk: sum(({ notOk }) => notOk),
      rows: sum(({ rows }) => rows),
      response: Buckets.decode(mergeEncoded(same.map(({ response }) => response))),
    },
  ];
}
