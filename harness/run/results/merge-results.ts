import type { ClassRecording } from '../../measure/class-recorder.ts';
import { HISTOGRAMS, type HistogramName } from '../../measure/histogram-names.ts';
import type { LoadResult, LoadWindow } from '../load-engine.ts';
import { addCounts, mergeEncoded } from './pooled-facts.ts';

/** What several generators of one load brought home, as if one had: they shared one schedule and its edges. */
export function mergeResults(results: readonly LoadResult[]): LoadResult {
  const [first] = results;
  if (first === undefined) throw new Error('no generator brought a result');
  if (results.length === 1) return first;
  const sum = (pick: (one: LoadResult) => number) => total(results.map(pick));
  const good = results.map(({ goodRows }) => goodRows).filter((rows) => rows !== undefined);
  const longest = results.reduce((a, b) => (b.durationMs > a.durationMs ? b : a), first);
  const classes = results.map((one) => one.classes).filter((one) => one !== undefined);
  return {
    ...first,
    // They differ only where each ended when all of its own was answered.
    instants: longest.instants,
    durationMs: longest.durationMs,
    counts: addCounts(results.map(({ counts }) => counts)),
    warmupCounts: addCounts(results.map(({ warmupCounts }) => warmupCounts)),
    rows: sum(({ rows }) => rows),
    goodRows: good.length === results.length ? total(good) : undefined,
    ...bodyBytesTogether(results),
    completedInPhase: {
      requests: sum(({ completedInPhase }) => completedInPhase.requests),
      rows: sum(({ completedInPhase }) => completedInPhase.rows),
      allOutcomes: sum(({ completedInPhase }) => completedInPhase.allOutcomes),
    },
    histograms: Object.fromEntries(
      HISTOGRAMS.map((name) => [name, mergeEncoded(results.map(({ histograms }) => histograms[name]))]),
    ) as Record<HistogramName, string>,
    windows: mergeWindows(results.map(({ windows }) => windows)),
    ...answersTogether(results),
    ...stalenessTogether(results),
    ...(classes.length === 0 ? {} : { classes: mergeClasses(classes) }),
    clamped: {
      negative: sum(({ clamped }) => clamped.negative),
      aboveRange: sum(({ clamped }) => clamped.aboveRange),
    },
    ...ofTheirThreads(results, first),
    ...afterwards(results),
    events: eachOnce(results.flatMap(({ events }) => events)),
    endedEarly: results.map(({ endedEarly }) => endedEarly).find((reason) => reason !== undefined),
  };
}

/** When the last of them ended, and what was left behind. */
function afterwards(
  results: readonly LoadResult[],
): Pick<LoadResult, 'endedAtMs' | 'undestroyedHistograms' | 'rawLog'> {
  const sum = (pick: (one: LoadResult) => number) => total(results.map(pick));
  const problem = results.map(({ rawLog }) => rawLog?.problem).find((one) => one !== undefined);
  return {
    endedAtMs: Math.max(...results.map(({ endedAtMs }) => endedAtMs)),
    undestroyedHistograms: sum(({ undestroyedHistograms = 0 }) => undestroyedHistograms),
    ...(results.every(({ rawLog }) => rawLog === undefined)
      ? {}
      : {
          rawLog: {
            rows: sum(({ rawLog }) => rawLog?.rows ?? 0),
            lost: sum(({ rawLog }) => rawLog?.lost ?? 0),
            ...(problem === undefined ? {} : { problem }),
          },
        }),
  };
}

/** Nothing where one of them did not count. */
export function bodyBytesTogether(results: readonly LoadResult[]): Pick<LoadResult, 'bodyBytes'> {
  const all = results.map(({ bodyBytes }) => bodyBytes).filter((one) => one !== undefined);
  if (all.length < results.length) return {};
  const [sent, received] = [all.map((one) => one.sent), all.map((one) => one.received)];
  return { bodyBytes: { sent: total(sent), received: total(received) } };
}

/** Comparisons of all generators, and one example. */
export function answersTogether(results: readonly LoadResult[]): Pick<LoadResult, 'answers'> {
  const all = results.map(({ answers }) => answers).filter((one) => one !== undefined);
  if (all.length === 0) return {};
  const example = all.map((one) => one.example).find((one) => one !== undefined);
  return {
    answers: {
      compared: total(all.map(({ compared }) => compared)),
      wrong: total(all.map(({ wrong }) => wrong)),
      ...(example === undefined ? {} : { example }),
    },
  };
}

/** Group by group; nothing where one of them did not count. */
export function stalenessTogether(results: readonly LoadResult[]): Pick<LoadResult, 'staleness'> {
  const all = results.map(({ staleness }) => staleness).filter((one) => one !== undefined);
  const [first] = all;
  if (first === undefined || all.length < results.length) return {};
  return {
    staleness: {
      ages: mergeEncoded(all.map(({ ages }) => ages)),
      answers: totals(all.map(({ answers }) => answers)),
      changes: first.changes.map(({ everyMs }, at) => ({
        everyMs,
        stale: totals(all.map(({ changes }) => changes[at]?.stale ?? [])),
      })),
    },
  };
}

/** Of clocks and pauses the worst; of CPU and connections the sum. */
function ofTheirThreads(
  results: readonly LoadResult[],
  first: LoadResult,
): Pick<
  LoadResult,
  'clock' | 'connections' | 'sockets' | 'generatorCpuCores' | 'eventLoopUtilization' | 'gc' | 'lateWakes'
> {
  const sum = (pick: (one: LoadResult) => number) => total(results.map(pick));
  const drift = ({ clock }: LoadResult) => Math.abs(clock.monotonicMs - clock.wallMs);
  const opened = sum(({ connections }) => connections.opened);
  const connectingMs = sum(({ connections }) => connections.opened * (connections.connectMeanMs ?? 0));
  const cores = results.map((one) => one.generatorCpuCores).filter((one) => one !== undefined);
  const wakes = results.flatMap(({ lateWakes }) => lateWakes ?? []);
  const late = {
    count: total(wakes.map(({ count }) => count)),
    totalMs: total(wakes.map(({ totalMs }) => totalMs)),
    waitedMs: total(wakes.map(({ waitedMs }) => waitedMs)),
  };
  return {
    ...(wakes.length === 0 ? {} : { lateWakes: late }),
    clock: results.reduce((worst, one) => (drift(one) > drift(worst) ? one : worst), first).clock,
    connections: { opened, connectMeanMs: opened === 0 ? undefined : connectingMs / opened },
    ...(first.sockets === undefined ? {} : { sockets: first.sockets }),
    generatorCpuCores: cores.length === results.length ? total(cores) : undefined,
    eventLoopUtilization: Math.max(...results.map((one) => one.eventLoopUtilization)),
    gc: {
      count: sum(({ gc }) => gc.count),
      totalMs: sum(({ gc }) => gc.totalMs),
      longestMs: Math.max(...results.map(({ gc }) => gc.longestMs)),
    },
  };
}

/** Their edges are the same, but for the last window of the drain, which ends when its generator did. */
export function mergeWindows(lists: readonly (readonly LoadWindow[])[]): LoadWindow[] {
  const byStart = new Map<number, LoadWindow[]>();
  for (const window of lists.flat()) {
    const same = byStart.get(window.startS);
    if (same === undefined) byStart.set(window.startS, [window]);
    else same.push(window);
  }
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([startS, same]) => ({
      startS,
      durationS: Math.max(...same.map(({ durationS }) => durationS)),
      phase: same[0]?.phase ?? 'measure',
      arrivals: total(same.map(({ arrivals }) => arrivals)),
      ok: total(same.map(({ ok }) => ok)),
      notOk: total(same.map(({ notOk }) => notOk)),
      rows: total(same.map(({ rows }) => rows)),
      response: mergeEncoded(same.map(({ response }) => response)),
    }));
}

type Classes = Readonly<Record<string, ClassRecording>>;

function mergeClasses(all: readonly Classes[]): Classes {
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return Object.fromEntries(
    names.map((name) => {
      const parts = all.map((one) => one[name]).filter((part) => part !== undefined);
      return [
        name,
        {
          counts: addCounts(parts.map(({ counts }) => counts)),
          warmupCounts: addCounts(parts.map(({ warmupCounts }) => warmupCounts)),
          rows: total(parts.map(({ rows }) => rows)),
          response: mergeEncoded(parts.map(({ response }) => response)),
        },
      ];
    }),
  );
}

/** What all generators say is said once. */
function eachOnce(events: LoadResult['events']): LoadResult['events'] {
  return events
    .filter(({ message }, at) => events.findIndex((one) => one.message === message) === at)
    .sort((a, b) => a.atS - b.atS);
}

/** Entry by entry. */
function totals(lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, at) => total(lists.map((list) => list[at] ?? 0)));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
