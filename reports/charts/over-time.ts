import type { TopLevelSpec } from 'vega-lite';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { Window } from '../../harness/record/measured.ts';
import { changesInSight } from '../../harness/record/stretches.ts';
import { milliseconds, perSecond } from '../format.ts';
import { COLOUR, chart } from './theme.ts';

const WIDTH = 460;
const HEIGHT = 150;
/** More windows than this are drawn without marks of their own. */
const MARKED = 40;

interface Reading {
  readonly atS: number;
  readonly value: number;
  readonly tip: string;
}

/** Arrivals and ok completions per second, window by window. */
export function throughputSpec(one: CaseRecord): TopLevelSpec | undefined {
  const rate = (name: string, pick: (window: Window) => number): Reading[] =>
    one.windows.map((window) => {
      const value = pick(window) / window.durationS;
      return {
        atS: middle(window),
        value,
        tip: `${name} ${perSecond(value)}/s from ${window.startS.toFixed(1)} s (${window.phase})`,
      };
    });
  if (one.windows.length === 0) return undefined;
  return timeChart(one, 'requests/s', [
    {
      colour: COLOUR.muted,
      dash: [4, 3],
      readings: rate('offered', (window) => window.arrivals),
    },
    { colour: COLOUR.accent, dash: [], readings: rate('ok', (window) => window.ok) },
  ]);
}

/** Median and p99 of each window's ok completions. A window's p99 is a picture, not a statistic: it has no interval. */
export function latencySpec(one: CaseRecord): TopLevelSpec | undefined {
  const times = (name: string, pick: (window: Window) => Window['responseP50Ms']): Reading[] =>
    one.windows.flatMap((window) => {
      const value = pick(window);
      if (isMissing(value)) return [];
      return [
        {
          atS: middle(window),
          value,
          tip: `${name} ${milliseconds(value)} ms from ${window.startS.toFixed(1)} s (${window.phase})`,
        },
      ];
    });
  const p50 = times('p50', (window) => window.responseP50Ms);
  const p99 = times('p99', (window) => window.responseP99Ms);
  if (p50.length + p99.length === 0) return undefined;
  return timeChart(one, 'response, ms', [
    { colour: COLOUR.muted, dash: [4, 3], readings: p50 },
    { colour: COLOUR.accent, dash: [], readings: p99 },
  ]);
}

function middle({ startS, durationS }: Window): number {
  return startS + durationS / 2;
}

interface Trace {
  readonly colour: string;
  readonly dash: readonly number[];
  readonly readings: readonly Reading[];
}

function timeChart(one: CaseRecord, title: string, traces: readonly Trace[]): TopLevelSpec {
  const starts = one.windows.map(({ startS }) => startS);
  const ends = one.windows.map(({ startS, durationS }) => startS + durationS);
  const from = Math.min(0, ...starts);
  const to = Math.max(one.durationS, ...ends);
  return chart(WIDTH, HEIGHT, {
    encoding: {
      x: {
        field: 'atS',
        type: 'quantitative',
        title: 'seconds since measuring began',
        scale: { domain: [from, to], nice: false },
        axis: { tickCount: 6, titlePadding: 5 },
      },
      y: { field: 'value', type: 'quantitative', title, scale: { zero: true }, axis: { tickCount: 4 } },
    },
    layer: [
      ...shade('warm-up', from, 0),
      ...shade('drain', one.durationS, to),
      ...changeLayers(one),
      ...traces.flatMap(traceLayers),
    ],
  });
}

/** A phase that is shown and never summarised. */
function shade(name: string, fromS: number, toS: number) {
  if (toS - fromS < 0.01) return [];
  const data = { values: [{ fromS, toS, name }] };
  const x = { field: 'fromS', type: 'quantitative' };
  return [
    {
      data,
      mark: { type: 'rect', fill: COLOUR.sunken, aria: false },
      encoding: { x, x2: { field: 'toS' }, y: null },
    },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 3, dy: -3, fontSize: 11, aria: false },
      encoding: { x, y: { value: HEIGHT }, text: { field: 'name' } },
    },
  ];
}

/** A line where something began to happen, numbered as in the table below, and how long it took as a shade. */
function changeLayers(one: CaseRecord) {
  const values = changesInSight(one).map(({ what, atS, endS }, index) => ({
    atS,
    endS: Math.min(endS, one.durationS),
    number: String(index + 1),
    tip: `${what} at ${atS.toFixed(1)} s`,
  }));
  if (values.length === 0) return [];
  const x = { field: 'atS', type: 'quantitative' };
  return [
    {
      data: { values },
      mark: { type: 'rect', fill: COLOUR.wash, aria: false },
      encoding: { x, x2: { field: 'endS' }, y: null },
    },
    {
      data: { values },
      mark: { type: 'rule', stroke: COLOUR.ink, strokeDash: [2, 2] },
      encoding: { x, y: null, description: { field: 'tip' } },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'top', dx: 3, fontSize: 11, aria: false },
      encoding: { x, y: { value: 0 }, text: { field: 'number' } },
    },
  ];
}

function traceLayers({ colour, dash, readings }: Trace) {
  return [
    {
      data: { values: readings },
      mark: { type: 'line', stroke: colour, strokeWidth: 1.75, strokeDash: dash, aria: false },
    },
    {
      data: { values: readings.length > MARKED ? [] : readings },
      mark: { type: 'point', filled: true, fill: colour, size: 16, opacity: 1 },
      encoding: { description: { field: 'tip' } },
    },
  ];
}
