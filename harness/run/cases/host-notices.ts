import { meanOver } from '../../probes/utilization.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { doctorSummaryIn } from '../../record/doctor-record.ts';
import { isMissing } from '../../record/figures.ts';
import { notice } from '../../record/notices.ts';
import type { NoticeRecord, RunRecord } from '../../record/run-record.ts';
import { countOf } from '../../record/wording.ts';
import type { LoadResult } from '../load-engine.ts';

/** Mean share of the CPU time over a case that other virtual machines may take unmentioned. */
export const STEAL_PCT = 2;
/** The same for time in which some process waited for a CPU; a server at saturation causes some of it itself. */
export const PRESSURE_PCT = 20;
/** The same for time in which a quota held this container back. */
export const THROTTLED_PCT = 1;
/** A pause that shows in a percentile of a server which answers in milliseconds. */
const GC_PAUSE_MS = 10;
/** Share of the time for which the generator's event loop was at work. */
const BUSY_LOOP = 0.9;

/** What the machine did to the run, where it was enough to matter and a reader can do something about it. */
export function hostNotices(record: Pick<RunRecord, 'cases' | 'environment'>): NoticeRecord[] {
  return [
    ...steal(record.cases),
    ...pressure(record.cases),
    ...quota(record),
    ...governor(record),
    ...aboveCeiling(record),
  ];
}

function steal(cases: readonly CaseRecord[]): NoticeRecord[] {
  const found = above(cases, 'stealPct', STEAL_PCT);
  return found === undefined ? [] : [notice('steal', { stealPct: found.worst }, found.caseIds)];
}

/** Only where the generator suffered from it: a busy server alone keeps processes waiting, and that is its business. */
function pressure(cases: readonly CaseRecord[]): NoticeRecord[] {
  const late = cases.filter(({ credibility }) => credibility.status === 'client-limited');
  const found = above(late, 'cpuPressurePct', PRESSURE_PCT);
  return found === undefined ? [] : [notice('pressure', { pressurePct: found.worst }, found.caseIds)];
}

function quota({ cases, environment }: Pick<RunRecord, 'cases' | 'environment'>): NoticeRecord[] {
  const { cpuQuotaCores } = environment;
  const found = above(cases, 'throttledPct', THROTTLED_PCT);
  if (found === undefined || typeof cpuQuotaCores !== 'number') return [];
  const throttledMs = cases
    .filter(({ id }) => found.caseIds.includes(id))
    .reduce((sum, one) => sum + 10 * (meanOf(one, 'throttledPct') ?? 0) * one.durationS, 0);
  return [notice('cpu-quota', { quotaCores: cpuQuotaCores, throttledMs }, found.caseIds)];
}

function governor({ environment }: Pick<RunRecord, 'environment'>): NoticeRecord[] {
  const { cpuGovernor } = environment;
  if (typeof cpuGovernor !== 'string' || cpuGovernor === 'performance') return [];
  return [notice('governor', { governor: cpuGovernor })];
}

/** Rates that the generators could not have sent, by the doctor's measurement of this machine. */
function aboveCeiling({ cases, environment }: Pick<RunRecord, 'cases' | 'environment'>): NoticeRecord[] {
  const doctor = doctorSummaryIn(environment);
  if (doctor === undefined) return [];
  const above = cases.flatMap(({ id, load, target }) => {
    const isGrpc = String(target.effective.protocol ?? '').includes('grpc');
    const ceilingPerS = isGrpc ? doctor.grpcPerCorePerS : doctor.httpPerCorePerS;
    const offeredPerS = (load.resolvedRate ?? 0) / (load.generators ?? 1);
    return isMissing(ceilingPerS) || offeredPerS <= ceilingPerS ? [] : [{ id, offeredPerS, ceilingPerS }];
  });
  const [worst] = [...above].sort((a, b) => b.offeredPerS - a.offeredPerS);
  if (worst === undefined) return [];
  return [
    notice(
      'above-ceiling',
      worst,
      above.map(({ id }) => id),
    ),
  ];
}

/** The cases whose mean of a host metric is above a limit, and the highest of these means. */
function above(
  cases: readonly CaseRecord[],
  metric: string,
  limit: number,
): { worst: number; caseIds: string[] } | undefined {
  const means = cases.map((one) => ({ id: one.id, mean: meanOf(one, metric) ?? 0 }));
  const over = means.filter(({ mean }) => mean > limit);
  if (over.length === 0) return undefined;
  return { worst: Math.max(...over.map(({ mean }) => mean)), caseIds: over.map(({ id }) => id) };
}

function meanOf({ readings, durationS }: CaseRecord, metric: string): number | undefined {
  const series = readings.host?.[metric];
  const mean = series === undefined ? undefined : meanOver(series, { fromS: 0, toS: durationS });
  return mean === undefined || isMissing(mean) ? undefined : mean;
}

/** A driven trial, as far as its generator's own troubles go. */
export interface DrivenTrial {
  readonly caseId: string;
  readonly result: Pick<LoadResult, 'gc' | 'clock' | 'eventLoopUtilization' | 'rawLog'>;
}

/** What the generator itself went through, over all trials so far. */
export function generatorNotices(trials: readonly DrivenTrial[]): NoticeRecord[] {
  return [...gc(trials), ...clockDrift(trials), ...busyLoop(trials)];
}

function gc(trials: readonly DrivenTrial[]): NoticeRecord[] {
  const paused = trials.filter(({ result }) => result.gc.longestMs > GC_PAUSE_MS);
  if (paused.length === 0) return [];
  const longestMs = Math.max(...paused.map(({ result }) => result.gc.longestMs));
  const count = paused.reduce((sum, { result }) => sum + result.gc.count, 0);
  return [notice('gc', { longestMs, count }, idsOf(paused))];
}

/** A hint only: it neither convicts nor acquits, the lags do. */
function busyLoop(trials: readonly DrivenTrial[]): NoticeRecord[] {
  const busy = trials.filter(({ result }) => result.eventLoopUtilization > BUSY_LOOP);
  if (busy.length === 0) return [];
  const utilizationPct = 100 * Math.max(...busy.map(({ result }) => result.eventLoopUtilization));
  return [notice('elu-high', { utilizationPct }, idsOf(busy))];
}

/** Above max(0.1 %, 5 ms); from max(1 %, 50 ms) on the case itself is inconclusive, with the same reason. */
function clockDrift(trials: readonly DrivenTrial[]): NoticeRecord[] {
  const driftMs = ({ result: { clock } }: DrivenTrial) => Math.abs(clock.monotonicMs - clock.wallMs);
  const drifted = trials.filter(
    (trial) => driftMs(trial) > Math.max(0.001 * trial.result.clock.monotonicMs, 5),
  );
  if (drifted.length === 0) return [];
  return [notice('clock-drift', { driftMs: Math.max(...drifted.map(driftMs)) }, idsOf(drifted))];
}

/** Requests that were measured and are not in the log that was asked for. */
export function rawLogNotices(trials: readonly DrivenTrial[]): NoticeRecord[] {
  const gaps = trials.flatMap(({ caseId, result: { rawLog } }) => {
    if (rawLog === undefined) return [`${caseId} has none, because its engine keeps none`];
    const { lost, problem } = rawLog;
    if (lost === 0 && problem === undefined) return [];
    return [`${caseId} lacks ${countOf(lost, 'request')} (${problem ?? 'the disk did not keep up'})`];
  });
  return gaps.length === 0 ? [] : [notice('raw-log-gap', { gaps: [...new Set(gaps)] })];
}

function idsOf(trials: readonly DrivenTrial[]): string[] {
  return [...new Set(trials.map(({ caseId }) => caseId))];
}
