import type { CaseRecord } from '../record/case-record.ts';
import { bySetting } from '../record/settings.ts';
import { capitalized, formatTimes, listWords } from '../record/wording.ts';
import { METRICS, type Metric } from '../scenario/expression.ts';
import type { Axes } from '../scenario/scenario.ts';
import type { Words } from './answer-parts.ts';
import { boundsOf, isLatency } from './bounds.ts';
import { formatFigure } from './figures.ts';
import { loadWords } from './wording.ts';

/** Metrics whose names say too little in a sentence. */
const NAMES: Readonly<Partial<Record<Metric, string>>> = {
  cpuMsPer1000: "the server's CPU time per 1,000 rows",
  queue: "the mean time in the server's queue",
  compute: 'the mean time in the model',
  throughput: 'the throughput',
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
  'cache.staleRate': 'the share of stale answers',
};

/** More settings than this are told by the least and the most alone. */
const MOST_NAMED = 6;

interface Shown {
  readonly axes: Axes;
  readonly value: number;
}

/**
 * One metric of all settings at one load, from the least to the most. Where no load shows it in all of them, of those
 * that show it at the load at which most do; the others are named.
 */
export function metricSentence(cases: readonly CaseRecord[], metric: Metric, words: Words): string {
  const name = NAMES[metric] ?? metric;
  const { one, shown, silent } = comparable(cases, metric);
  const sorted = [...shown].sort((a, b) => a.value - b.value);
  const told = ({ value }: Shown) => formatFigure(value, METRICS[metric]);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (one === undefined || least === undefined || most === undefined)
    return `At no load does any setting show ${name}.`;
  const single = Object.keys(least.axes).length === 0;
  const named = sorted.length > MOST_NAMED ? [least, most] : sorted;
  const values = named.map((each) => (single ? told(each) : `${told(each)} with ${words(each.axes)}`));
  const missing = silent.length === 0 ? '' : `; ${silentWords(silent.map(words))}`;
  return `${capitalized(loadWords(one))} ${name} is ${listWords(values)}${apart(least.value, most.value)}${missing}.`;
}

/** At the same load they show nothing: overloaded, or too few requests. */
function silentWords(names: readonly string[]): string {
  return names.length > MOST_NAMED
    ? `${names.length} others show none at any load that those do`
    : `not shown there with ${listWords(names)}`;
}

/** How many times the least the most is, where that says something. */
function apart(least: number, most: number): string {
  return least > 0 && most / least >= 1.05 ? `, ${formatTimes(most / least)} the least` : '';
}

interface Compared {
  /** One case of the load; undefined where there is none. */
  readonly one: CaseRecord | undefined;
  readonly shown: readonly Shown[];
  /** The axes of the settings that show nothing. */
  readonly silent: readonly Axes[];
}

/**
 * The load at which the most settings show the metric, at best all: of those the highest rate that none is overloaded
 * at, or the closed pass, which comes first for what is carried and never shows what users wait for.
 */
function comparable(cases: readonly CaseRecord[], metric: Metric): Compared {
  const settings = bySetting(cases);
  const compared = labelsFor(cases, metric).map((label): Compared => {
    const own = cases.filter(({ load }) => load.label === label);
    const shown = own.flatMap((one) => shownOf(one, metric));
    const told = new Set(shown.map(({ axes }) => JSON.stringify(axes)));
    const silent = settings.map(({ axes }) => axes).filter((axes) => !told.has(JSON.stringify(axes)));
    return { one: own[0], shown, silent };
  });
  return compared.reduce<Compared>((best, next) => (next.shown.length > best.shown.length ? next : best), {
    one: undefined,
    shown: [],
    silent: [],
  });
}

/** The labels of the loads, the one to compare at first. */
function labelsFor(cases: readonly CaseRecord[], metric: Metric): readonly string[] {
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
  if (isLatency(metric)) return open;
  return metric === 'throughput' ? [...closed, ...open] : [...open, ...closed];
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
