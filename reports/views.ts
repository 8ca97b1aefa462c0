import type { CaseRecord } from '../harness/record/case-record.ts';
import type { RunRecord } from '../harness/record/run-record.ts';
import { bySetting, settingKey, withoutLoad } from '../harness/record/settings.ts';

/** One point of the matrix with all its loads: a line of the trade-off picture. */
export interface SettingView {
  readonly key: string;
  /** `batch 32 · delay 2ms` */
  readonly label: string;
  readonly axes: Readonly<Record<string, string>>;
  /** The closed pass; its times are not comparable with those of the open loads. */
  readonly closed: CaseRecord | undefined;
  /** By rising offered rate. */
  readonly open: readonly CaseRecord[];
  readonly recommended: boolean;
  readonly tied: boolean;
}

export function settingLabel(axes: Readonly<Record<string, string>>): string {
  const parts = Object.entries(withoutLoad(axes)).map(([name, label]) => `${name} ${label}`);
  return parts.length === 0 ? 'the one setting' : parts.join(' · ');
}

/**
 * The record with its cases as the scenario lists them: settings by their axes, then loads. They were measured in
 * another order, shuffled by the seed.
 */
export function inScenarioOrder(record: RunRecord): RunRecord {
  const { axes, loadLabels: loads } = record.scenario;
  const names = Object.keys(axes);
  const places = (one: CaseRecord): number[] => [
    ...names.map((name) => axes[name]?.indexOf(one.axes[name] ?? '') ?? 0),
    loads.indexOf(one.load.label),
  ];
  const ranked = record.cases.map((one) => ({ one, places: places(one) }));
  ranked.sort(
    (a, b) => a.places.map((place, axis) => place - (b.places[axis] ?? 0)).find((gap) => gap !== 0) ?? 0,
  );
  return { ...record, cases: ranked.map(({ one }) => one) };
}

/** The settings in the order in which the scenario lists them, which is that of the cases. */
export function settingsOf(record: RunRecord): SettingView[] {
  const picked = record.answer.setting === undefined ? undefined : settingKey(record.answer.setting);
  const ties = record.answer.ties.map(settingKey);
  return bySetting(record.cases).map(({ key, axes, cases }) => ({
    key,
    label: settingLabel(axes),
    axes,
    closed: cases.find((one) => one.load.shape === 'closed'),
    open: cases.filter((one) => one.load.shape !== 'closed').sort((a, b) => rateOf(a) - rateOf(b)),
    recommended: key === picked,
    tied: ties.includes(key),
  }));
}

/** At most `limit` settings, in their order: the recommended one and its ties are always among them. */
export function mostTelling(settings: readonly SettingView[], limit: number): SettingView[] {
  const weight = ({ recommended, tied }: SettingView): number => (recommended ? 0 : tied ? 1 : 2);
  const chosen = new Set([...settings].sort((a, b) => weight(a) - weight(b)).slice(0, limit));
  return settings.filter((setting) => chosen.has(setting));
}

export function rateOf(one: CaseRecord): number {
  return one.load.resolvedRate ?? one.throughput.requestsPerS;
}

export function isOverloaded(one: CaseRecord): boolean {
  return one.credibility.status === 'overloaded';
}

export function caseLabel(one: CaseRecord): string {
  return `${settingLabel(one.axes)} · ${one.load.label}`;
}

/** The cases at one load, a row per setting that was measured there. */
export function casesAtLoad(record: RunRecord, label: string): CaseRecord[] {
  return record.cases.filter((one) => one.load.label === label);
}

/** Load labels as measured, the closed pass first where there is one. */
export function loadLabels(record: RunRecord): string[] {
  return [...new Set(record.cases.map((one) => one.load.label))];
}

/**
 * The one load at which settings are compared: the highest open rate at which more than half of them may be believed, so
 * that the comparison is of working servers and still under strain. Undefined where no open load was measured.
 */
export function commonLoad(record: RunRecord): string | undefined {
  const open = record.cases.filter((one) => one.load.shape !== 'closed');
  const byRate = [...new Set(open.sort((a, b) => rateOf(b) - rateOf(a)).map((one) => one.load.label))];
  const believed = (label: string): number => {
    const cases = casesAtLoad(record, label);
    return (
      cases.filter(({ credibility }) => credibility.status === 'valid').length / Math.max(1, cases.length)
    );
  };
  return byRate.find((label) => believed(label) > 0.5) ?? byRate.at(-1);
}

/** The case whose pictures are shown first: the one that proves the answer, else the first that can be believed. */
export function firstCase(record: RunRecord): CaseRecord | undefined {
  const proof = record.cases.find((one) => one.id === record.answer.capacity?.caseId);
  const valid = record.cases.filter((one) => one.credibility.status === 'valid');
  return proof ?? valid.find((one) => one.load.shape !== 'closed') ?? valid[0] ?? record.cases[0];
}

/** The latency promise of `decide.slo`: `p99 < 50ms` -> p99, 50. */
export interface LatencyPromise {
  readonly metric: 'p50' | 'p90' | 'p95' | 'p99' | 'p999';
  readonly boundMs: number;
  readonly text: string;
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000 };

export function latencyPromise(record: RunRecord): LatencyPromise | undefined {
  for (const text of record.decide.slo) {
    const match = /^\s*p(50|90|95|99(?:\.?9)?)\s*(?:<|<=|≤)\s*([\d.]+)\s*(us|µs|ms|s)\s*$/.exec(text);
    const [, digits, amount, unit] = match ?? [];
    if (digits === undefined || amount === undefined || unit === undefined) continue;
    const metric = `p${digits.replace('.', '')}` as LatencyPromise['metric'];
    return { metric, boundMs: Number(amount) * (UNIT_MS[unit] ?? 1), text: text.trim() };
  }
  return undefined;
}

/** `p999` -> `p99.9`. */
export function percentileName(metric: string): string {
  return metric === 'p999' ? 'p99.9' : metric;
}

/** The machine that was measured, in words, from whichever of these facts the environment has. */
export function describeMachine({ environment }: RunRecord): string {
  const { cpuModel, cpuCores, logicalCores = cpuCores, gpus } = environment;
  const accelerators = Array.isArray(gpus) ? gpus.map((gpu: { name?: unknown }) => gpu.name) : [];
  const parts = [cpuModel, logicalCores === undefined ? undefined : `${logicalCores} cores`, ...accelerators];
  return parts.filter((part) => typeof part === 'string').join(', ') || 'the machine of this run';
}
