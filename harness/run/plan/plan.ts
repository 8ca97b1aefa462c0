import type { CaseRecord } from '../../record/case-record.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { SATURATION } from '../../scenario/load-labels.ts';
import type { LoadSpec } from '../../scenario/load-spec.ts';
import { measuredMsOf } from '../../scenario/measured-length.ts';
import type { Axes, Scenario, Setting } from '../../scenario/scenario.ts';
import { generatorCores, generatorCount } from './generator-count.ts';
import { type OfferedLoad, offeredLoads, type Saturation } from './offered-load.ts';

/** One case to be measured: a setting at one load. Its trials share the id. */
export interface PlannedCase {
  readonly id: string;
  /** The setting's axes and the load's label. */
  readonly axes: Axes;
  readonly setting: Setting;
  readonly load: LoadRecord;
  /** Of the measure phase: the law's own length, where it has one. */
  readonly durationMs: number;
  /** A probe of a search: no case of the record, and not written down request by request. */
  readonly probe?: true;
}

/** One trial of one case, in the order of execution. */
export interface PlannedTrial {
  readonly planned: PlannedCase;
  readonly trial: number;
}

/** For counting a ladder's steps, which needs no rate. */
export const ANY_SATURATION: Saturation = { requestsPerS: 1, caseId: '' };

/**
 * The closed pass: one case for every setting that differs in what is served or sent. Settings that differ in their
 * open load alone share one, labelled by the axes on which they agree.
 */
export function closedCases(scenario: Scenario): PlannedCase[] {
  const groups = new Map<string, Setting[]>();
  for (const setting of scenario.settings) {
    if (setting.load.closed === undefined) continue;
    const key = JSON.stringify([setting.target, setting.workload, setting.load.closed]);
    groups.set(key, [...(groups.get(key) ?? []), setting]);
  }
  return [...groups.values()].map((settings) => closedCase(scenario, settings));
}

function closedCase(scenario: Scenario, settings: readonly Setting[]): PlannedCase {
  const [first] = settings;
  if (first?.load.closed === undefined) throw new Error('a closed case needs a setting with a closed load');
  const agreed = Object.entries(first.axes).filter(([axis, label]) =>
    settings.every((setting) => setting.axes[axis] === label),
  );
  const { inFlight, thinkTimeMs } = first.load.closed;
  const label = first.load.mlperf?.scenario ?? SATURATION;
  const load: LoadRecord = {
    ...loadLimits(first.load, scenario.measure.seed),
    shape: 'closed',
    label,
    inFlight,
    thinkTimeMs,
    connections: Math.min(inFlight, first.load.connections ?? inFlight),
    maxInFlight: inFlight,
  };
  return planned({ ...Object.fromEntries(agreed), load: label }, first, load, scenario.measure.durationMs);
}

/**
 * The open cases: every setting at every step, the SAME absolute rates for every setting.
 * Rates above `limits.maxRate` are left out and returned apart, so that they can be named.
 */
export function openCases(
  scenario: Scenario,
  saturation: Saturation | undefined,
): { cases: PlannedCase[]; aboveLimit: PlannedCase[] } {
  const all = scenario.settings.flatMap((setting) => openCasesOf(setting, scenario, saturation));
  const limit = scenario.limits.maxRequestsPerS ?? Number.POSITIVE_INFINITY;
  const within = (one: PlannedCase) => peakOf(one) <= limit;
  return { cases: all.filter(within), aboveLimit: all.filter((one) => !within(one)) };
}

/** The highest rate that a case ever asks for, requests/s. */
export function peakOf({ load }: PlannedCase): number {
  return load.law?.peakPerS ?? load.resolvedRate ?? 0;
}

function openCasesOf(
  setting: Setting,
  scenario: Scenario,
  saturation: Saturation | undefined,
): PlannedCase[] {
  const { open } = setting.load;
  // The rates of a search are found on the way.
  if (open === undefined || open.kind === 'find') return [];
  if (open.kind === 'offline') return [offlineCase(setting, open.samples, scenario)];
  const { measure } = scenario;
  const durationMs = measuredMsOf(setting.load, measure);
  const limits = loadLimits(setting.load, measure.seed);
  const at = (label: string, offered: OfferedLoad): PlannedCase =>
    planned({ ...setting.axes, load: label }, setting, { ...limits, label, ...offered }, durationMs);
  return offeredLoads(open, durationMs, saturation, setting.load.mlperf).map(({ label, ...offered }) =>
    at(label, offered),
  );
}

/** All samples are in flight from the start, as far as there are connections: a closed load, about throughput alone. */
function offlineCase(setting: Setting, samples: number, { measure }: Scenario): PlannedCase {
  const label = 'offline';
  const limits = loadLimits(setting.load, measure.seed);
  const load: LoadRecord = {
    ...limits,
    shape: 'closed',
    label,
    inFlight: samples,
    connections: Math.min(samples, setting.load.connections ?? OFFLINE_CONNECTIONS),
    maxInFlight: samples,
    // The last of them waits for all the others.
    timeoutMs: Math.max(limits.timeoutMs, measure.durationMs + measure.drainMs),
  };
  return planned({ ...setting.axes, load: label }, setting, load, measure.durationMs);
}

const OFFLINE_CONNECTIONS = 64;

export function loadLimits(
  load: LoadSpec,
  seed: number,
): Pick<
  LoadRecord,
  'connections' | 'keepAlive' | 'maxInFlight' | 'timeoutMs' | 'seed' | 'engine' | 'transport' | 'mlperf'
> {
  return {
    ...(load.mlperf === undefined ? {} : { mlperf: load.mlperf }),
    ...(load.engine === 'inferometer' ? {} : { engine: load.engine }),
    ...(load.transport === 'auto' ? {} : { transport: load.transport }),
    connections: load.connections ?? load.maxInFlight,
    ...(load.keepAlive === undefined ? {} : { keepAlive: load.keepAlive }),
    maxInFlight: load.maxInFlight,
    timeoutMs: load.timeoutMs,
    seed,
  };
}

export function planned(axes: Axes, setting: Setting, load: LoadRecord, durationMs: number): PlannedCase {
  const id = Object.entries(axes)
    .map(([axis, label]) => `${axis}=${label}`)
    .join(',');
  const generators = generatorCount(setting.load, load, () => generatorCores(setting.target));
  return { id, axes, setting, load: generators === 1 ? load : { ...load, generators }, durationMs };
}

/** The closed case that carried most requests per second; overloaded or limited ones count, they were carried. */
export function bestSaturation(cases: readonly CaseRecord[]): Saturation | undefined {
  let best: Saturation | undefined;
  for (const one of cases) {
    if (one.load.shape !== 'closed' || one.load.mlperf !== undefined) continue;
    const { requestsPerS } = one.throughput;
    if (requestsPerS > (best?.requestsPerS ?? 0)) best = { requestsPerS, caseId: one.id };
  }
  return best;
}

/**
 * Order of execution. Interleaved: trials outer, cases inner, the cases of each round shuffled by the seed, so that a
 * slow minute of the machine does not fall on one setting. Sequential: case after case, as written.
 */
export function inOrder(
  cases: readonly PlannedCase[],
  scenario: Scenario,
  random: () => number,
): PlannedTrial[] {
  const { trials, order } = scenario.measure;
  const rounds = Array.from({ length: trials }, (_, trial) => trial);
  if (order === 'sequential') return cases.flatMap((one) => rounds.map((trial) => ({ planned: one, trial })));
  return rounds.flatMap((trial) => shuffled(cases, random).map((one) => ({ planned: one, trial })));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1));
    const [a, b] = [result[last], result[pick]];
    if (a !== undefined && b !== undefined) [result[last], result[pick]] = [b, a];
  }
  return result;
}
