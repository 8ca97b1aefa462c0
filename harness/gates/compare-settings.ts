import type { CaseRecord } from '../record/case-record.ts';
import { bySetting } from '../record/settings.ts';
import { formatRate, formatTimes, listWords } from '../record/wording.ts';
import { METRICS, type Metric } from '../scenario/expression.ts';
import type { Axes } from '../scenario/scenario.ts';
import type { Words } from './answer-parts.ts';
import { boundsOf, isLatency } from './bounds.ts';
import { formatFigure } from './figures.ts';

/** Metrics whose names say too little in a sentence. */
const NAMES: Readonly<Partial<Record<Metric, string>>> = {
  cpuMsPer1000: "the server's CPU time per 1,000 rows",
  queue: "the mean time in the server's queue",
  compute: 'the mean time in the model',
  throughput: 'what is carried',
  errors: 'the share of errors',
  mean: 'the mean response time',
  max: 'the longest response time',
  unsent: 'the number of unsent requests',
  'batch.meanRows': 'the mean batch',
  'batch.paddedRows': 'the number of padded rows',
  'cache.hitRate': 'the hit rate of the cache',
  'cache.joins': 'the number of joins',
  'cache.evictions': 'the number of evictions',
  'cache.errors': 'the number of errors of the cache',
};

/** More settings than this are told by the least and the most alone. */
const MOST_NAMED = 6;

interface Shown {
  readonly axes: Axes;
  readonly value: number;
}

/** One metric of all settings at one load, from the least to the most; or that no load shows it in all of them. */
export function metricSentence(cases: readonly CaseRecord[], metric: Metric, words: Words): string {
  const name = NAMES[metric] ?? metric;
  const found = comparable(cases, metric);
  if (found === undefined) return `At no load does every setting show ${name}.`;
  const shown = [...found.shown].sort((a, b) => a.value - b.value);
  const told = (one: Shown) => formatFigure(one.value, METRICS[metric]);
  const [least, most] = [shown[0], shown.at(-1)];
  if (least === undefined || most === undefined) return `At no load does every setting show ${name}.`;
  const single = Object.keys(least.axes).length === 0;
  const named = shown.length > MOST_NAMED ? [least, most] : shown;
  const values = named.map((one) => (single ? told(one) : `${told(one)} with ${words(one.axes)}`));
  return `${loadWords(found.one)} ${name} is ${listWords(values)}${apart(least.value, most.value)}.`;
}

function loadWords({ load }: CaseRecord): string {
  return load.resolvedRate === undefined ? 'At saturation' : `At ${formatRate(load.resolvedRate)}`;
}

/** How many times the least the most is, where that says something. */
function apart(least: number, most: number): string {
  return least > 0 && most / least >= 1.05 ? `: ${formatTimes(most / least)} as much` : '';
}

/**
 * The load at which every setting shows the metric: the highest rate that none is overloaded at, or the closed pass,
 * which comes first for what is carried and never shows what users wait for.
 */
function comparable(
  cases: readonly CaseRecord[],
  metric: Metric,
): { one: CaseRecord; shown: readonly Shown[] } | undefined {
  const settings = bySetting(cases).length;
  const byRate = [
    ...new Set(
      cases
        .filter(isOpen)
        .sort(byRisingRate)
        .map(({ load }) => load.label),
    ),
  ];
  const closed = [...new Set(cases.filter((one) => !isOpen(one)).map(({ load }) => load.label))];
  const open = byRate.reverse();
  const labels = isLatency(metric)
    ? open
    : metric === 'throughput'
      ? [...closed, ...open]
      : [...open, ...closed];
  for (const label of labels) {
    const own = cases.filter(({ load }) => load.label === label);
    const shown = own.flatMap((one) => shownOf(one, metric));
    const [one] = own;
    if (one !== undefined && shown.length === settings) return { one, shown };
  }
  return undefined;
}

function isOpen({ load }: CaseRecord): boolean {
  return load.resolvedRate !== undefined;
}

function byRisingRate(a: CaseRecord, b: CaseRecord): number {
  return (a.load.resolvedRate ?? 0) - (b.load.resolvedRate ?? 0);
}

function shownOf(one: CaseRecord, metric: Metric): Shown[] {
  const { value } = boundsOf(one, metric);
  if (value === undefined || one.credibility.status === 'overloaded') return [];
  const { load: _, ...axes } = one.axes;
  return [{ axes, value }];
}
