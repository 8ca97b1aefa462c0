import { expressionsOf } from '../gates/recommend.ts';
import { type PromisedPercentile, promisedPercentile } from '../gates/settings.ts';
import type { CaseRecord } from '../record/case-record.ts';
import { type Figure, isMissing } from '../record/figures.ts';
import type { RunRecord } from '../record/run-record.ts';
import { bySetting } from '../record/settings.ts';
import { formatCount } from '../record/wording.ts';
import { figureCell, percentileCell } from './format.ts';
import { alignColumns, WIDTH } from './layout.ts';

type Axes = Readonly<Record<string, string>>;

/**
 * One line a setting: what it carries at saturation, the promised percentile at every rate, the batches it formed.
 * Where that is too wide, without the batches; where that is still too wide (a ladder of many steps), one line a case.
 */
export function settingsTable(record: RunRecord): string[] {
  // Streams have a latency beside their rate, so a column of saturations is not for them.
  const isMlperf = record.cases.some(({ load }) => load.mlperf !== undefined);
  const tables = isMlperf ? [] : [tableOfSettings(record, true), tableOfSettings(record, false)];
  const table = tables.find((lines) => lines.every((line) => line.length <= WIDTH)) ?? tableOfCases(record);
  return [...table, ...legend(record)];
}

function tableOfSettings(record: RunRecord, withBatches: boolean): string[] {
  const percentile = promisedPercentile(expressionsOf(record.decide.slo));
  const rates = sharedRates(record);
  const axes = Object.keys(record.scenario.axes);
  const blank = axes.map(() => '');
  const heads = rates.map(({ rate }) => `${formatCount(rate)}/s`);
  const hits = record.cases.some(hasCache);
  const header = ['', ...axes, 'saturation', ...heads, ...(hits ? ['hits'] : []), 'mean batch'];
  const units = [
    '',
    ...blank,
    'rows/s',
    ...rates.map(() => `${percentile} ms`),
    ...(hits ? ['%'] : []),
    'rows',
  ];
  const rows = bySetting(record.cases).map((setting) => [
    ...settingCells(setting, axes, rates, percentile, record.answer.setting),
    ...lastCells(setting, hits),
  ]);
  const all = [header, units, ...rows];
  return ruled(alignColumns(withBatches ? all : all.map((row) => row.slice(0, -1))));
}

function tableOfCases(record: RunRecord): string[] {
  const percentile = promisedPercentile(expressionsOf(record.decide.slo));
  const axes = Object.keys(record.scenario.axes);
  const header = ['', ...axes, 'load', 'rate', 'rows/s', percentile, 'mean batch'];
  const units = ['', ...axes.map(() => ''), '', '/s', '', 'ms', 'rows'];
  const rows = bySetting(record.cases).flatMap(({ cases }) =>
    cases.map((one) => caseRow(one, axes, percentile, record)),
  );
  return ruled(alignColumns([header, units, ...rows]));
}

function caseRow(
  one: CaseRecord,
  axes: readonly string[],
  percentile: PromisedPercentile,
  { answer }: RunRecord,
): string[] {
  const { load, throughput } = one;
  return [
    one.id === answer.capacity?.caseId ? '>' : ' ',
    ...axes.map((axis) => one.axes[axis] ?? '-'),
    load.label,
    load.resolvedRate === undefined ? '-' : formatCount(load.resolvedRate),
    formatCount(throughput.rowsPerS),
    load.shape === 'closed' && load.mlperf?.percentile === undefined ? '-' : latencyCell(one, percentile),
    figureCell(meanBatchRows(one), (rows) => rows.toFixed(1)),
  ];
}

/** A rule below the two lines of the head, and one below the last line. */
function ruled([first = '', second = '', ...body]: readonly string[]): string[] {
  const rule = '-'.repeat(Math.max(first.length, second.length, ...body.map((line) => line.length)));
  return [first, second, rule, ...body, rule];
}

type SettingCases = ReturnType<typeof bySetting>[number];

/** The open loads in ascending rate; each rate is the same for every setting. */
function sharedRates(record: RunRecord): { label: string; rate: number }[] {
  const rates = new Map<string, number>();
  for (const { load } of record.cases) {
    if (load.resolvedRate !== undefined) rates.set(load.label, load.resolvedRate);
  }
  return [...rates].map(([label, rate]) => ({ label, rate })).sort((a, b) => a.rate - b.rate);
}

function hasCache({ cache }: CaseRecord): boolean {
  return cache !== undefined && !isMissing(cache);
}

/** Of the closed pass where there is one: what its cache answered, and the batches it formed. */
function lastCells({ cases }: SettingCases, hits: boolean): string[] {
  const one = cases.find(({ load }) => load.shape === 'closed') ?? cases.at(-1);
  const batch = figureCell(meanBatchRows(one), (rows) => rows.toFixed(1));
  return hits ? [figureCell(hitPct(one), (pct) => pct.toFixed(0)), batch] : [batch];
}

function hitPct(one: CaseRecord | undefined): Figure {
  if (one?.cache === undefined) return { missing: 'not measured' };
  return isMissing(one.cache) ? one.cache : 100 * one.cache.hitRate;
}

function settingCells(
  { axes, cases }: SettingCases,
  names: readonly string[],
  rates: readonly { label: string }[],
  percentile: PromisedPercentile,
  chosen: Axes | undefined,
): string[] {
  const picked = chosen !== undefined && names.every((name) => chosen[name] === axes[name]);
  const closed = cases.find((one) => one.load.shape === 'closed');
  return [
    picked ? '>' : ' ',
    ...names.map((name) => axes[name] ?? '-'),
    closed === undefined ? '-' : formatCount(closed.throughput.rowsPerS),
    ...rates.map(({ label }) =>
      latencyCell(
        cases.find((one) => one.load.label === label),
        percentile,
      ),
    ),
  ];
}

function meanBatchRows(one: CaseRecord | undefined): Figure {
  if (one === undefined) return { missing: 'not measured' };
  return isMissing(one.batch) ? one.batch : one.batch.meanRows;
}

function latencyCell(one: CaseRecord | undefined, percentile: PromisedPercentile): string {
  if (one === undefined) return '-';
  if (one.credibility.status === 'overloaded') return 'over';
  return percentileCell(one.latencyMs.response[percentile]) + (one.credibility.status === 'valid' ? '' : '?');
}

function legend(record: RunRecord): string[] {
  const open = record.cases.filter((one) => one.load.shape !== 'closed').map((one) => one.credibility.status);
  const lines: string[] = [];
  if (open.includes('overloaded')) {
    lines.push('over = more load than the setting can carry: a growing queue, no percentile.');
  }
  if (open.some((status) => status !== 'valid' && status !== 'overloaded')) {
    lines.push('? = not to be believed as it stands; the report says why and what to do.');
  }
  return lines;
}
