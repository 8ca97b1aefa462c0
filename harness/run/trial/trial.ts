import { setTimeout as sleep } from 'node:timers/promises';
import { TargetError } from '../../errors.ts';
import { hrtimeMs } from '../../probes/probe-loop.ts';
import { isMissing, type Missing } from '../../record/figures.ts';
import type { EventSpec } from '../../scenario/event-spec.ts';
import type { RunningTarget, ServerStatistics } from '../../targets/target.ts';
import type { LoadAssignment, LoadEngine, LoadProgress, LoadResult, PhaseInstants } from '../load-engine.ts';
import { CaseEvents, type HappenedChange } from './case-events.ts';
import { type TrialWatch, type WatchedTrial, watchTrial } from './watch-trial.ts';

/** What one trial of one case brought home. */
export interface TrialFacts {
  readonly startedAt: string;
  readonly result: LoadResult;
  /** From before the first warm-up request to after the last answer: what conservation is checked against. */
  readonly whole: StatisticsSpan | Missing;
  /** From the start of the measure phase on: what batches and server times are read from. */
  readonly measured: StatisticsSpan | Missing;
  readonly watched: WatchedTrial;
  /** What the scenario let happen to the target meanwhile. */
  readonly changes: readonly HappenedChange[];
}

export interface StatisticsSpan {
  readonly before: ServerStatistics;
  readonly after: ServerStatistics;
}

export interface TrialRequest {
  readonly target: RunningTarget;
  readonly engine: LoadEngine;
  readonly assignment: LoadAssignment;
  /** By rising time; left out: none. */
  readonly events?: readonly EventSpec[];
  readonly drain: AbortSignal;
  readonly cancel: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

/**
 * Drives one trial against a running target, with the server's counters read around it.
 *
 *      before                 atMeasure                              after
 *        |---- warm-up ----------|------------ measure ------- drain --|
 *
 * Throws TargetError when the target dies meanwhile; what a live server does wrong is in the result.
 */
export async function driveTrial(request: TrialRequest): Promise<TrialFacts> {
  const { target } = request;
  const startedAt = new Date().toISOString();
  const before = await target.statistics();
  const gone = new AbortController();
  let died: string | undefined;
  void target.died.then((reason) => {
    died = reason;
    gone.abort();
  });
  const watch = watchTrial(target);
  const { result, atMeasure, watched, changes } = await drive(
    request,
    watch,
    AbortSignal.any([request.cancel, gone.signal]),
  );
  if (died !== undefined) throw new TargetError(`The server went away while it was measured: ${died}`);
  const after = await target.statistics();
  return {
    startedAt,
    result,
    whole: span(before, after),
    measured: span(await atMeasure, after),
    watched,
    changes,
  };
}

async function drive(
  { target, engine, assignment, events = [], drain, onProgress }: TrialRequest,
  watch: TrialWatch,
  cancel: AbortSignal,
) {
  let atMeasure: Promise<ServerStatistics | Missing> = Promise.resolve(NEVER_MEASURED);
  const ended = new AbortController();
  const happening = new CaseEvents(events, target);
  const onStart = (instants: PhaseInstants): void => {
    watch.align(instants);
    happening.begin(instants.measureAtMs);
    const warmUpLeftMs = Math.max(0, instants.measureAtMs - hrtimeMs());
    atMeasure = sleep(warmUpLeftMs, undefined, { signal: ended.signal }).then(
      () => target.statistics(),
      () => NEVER_MEASURED,
    );
  };
  let watched: WatchedTrial | undefined;
  try {
    const result = await engine.run(assignment, { onProgress, onStart, drain, cancel });
    watched = watch.stop();
    return { result, atMeasure, watched, changes: await happening.end(cancel) };
  } finally {
    // A load that ended within its warm-up: nobody waits for a measure phase that will not come.
    ended.abort();
    void happening.end(cancel);
    if (watched === undefined) watch.stop();
  }
}

const NEVER_MEASURED: Missing = { missing: 'the measure phase never began' };

function span(
  before: ServerStatistics | Missing,
  after: ServerStatistics | Missing,
): StatisticsSpan | Missing {
  if (isMissing(before)) return before;
  if (isMissing(after)) return after;
  return { before, after };
}
