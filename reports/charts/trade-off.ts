import type { TopLevelSpec } from 'vega-lite';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { Buckets } from '../../harness/statistics/buckets.ts';
import { count, milliseconds, perSecond } from '../format.ts';
import { latencyPromise, mostTelling, percentileName, type SettingView, settingsOf } from '../views.ts';
import { type LineEnd, lineNames } from './line-names.ts';
import { type Domain, logAxis, logPixel } from './log-axis.ts';
import { COLOUR, chart } from './theme.ts';

/** One measured load of one setting. */
interface Point {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  /** The value is known only to lie above `y`. */
  readonly above: boolean;
  readonly hollow: boolean;
  readonly tip: string;
}

export interface Series {
  readonly setting: SettingView;
  readonly shape: string;
  readonly colour: string;
  readonly points: readonly Point[];
}

/** Every setting has a shape of its own; colour only repeats which one is recommended. */
export const SHAPES = [
  'circle',
  'square',
  'diamond',
  'triangle-up',
  'cross',
  'triangle-down',
  'triangle-right',
  'stroke',
];

/** More lines than this would hide each other. */
export const LINES = 12;

export function seriesOf(record: RunRecord): Series[] {
  const metric = latencyPromise(record)?.metric ?? 'p99';
  return mostTelling(settingsOf(record), LINES).map((setting, index) => ({
    setting,
    shape: SHAPES[index % SHAPES.length] ?? 'circle',
    colour: setting.recommended ? COLOUR.accent : COLOUR.ink,
    points: setting.open.flatMap((one) => pointOf(one, metric) ?? []),
  }));
}

function pointOf(one: CaseRecord, metric: 'p50' | 'p90' | 'p95' | 'p99' | 'p999'): Point | undefined {
  const found = one.latencyMs.response[metric];
  const x = one.throughput.requestsPerS;
  const offered =
    one.load.resolvedRate === undefined ? '' : ` of ${perSecond(one.load.resolvedRate)}/s offered`;
  const where = `${perSecond(x)}/s${offered}`;
  const hollow = one.credibility.status !== 'valid';
  const state = hollow ? `, ${one.credibility.status}` : '';
  const name = percentileName(metric);
  if (isMissing(found)) {
    const y = found.above ?? unproven(one, metric) ?? 0;
    if (y <= 0) return undefined;
    const above = found.above !== undefined;
    const tip = `${name} ${above ? 'above' : 'read as'} ${milliseconds(y)} ms at ${where}${state}: ${found.missing}`;
    return { x, y, low: y, high: y, above, hollow: true, tip };
  }
  if (found.value <= 0) return undefined;
  const interval = `95 % interval ${milliseconds(found.low)}–${found.high === null ? '?' : milliseconds(found.high)}`;
  return {
    x,
    y: found.value,
    low: Math.max(found.low, found.value / 1000),
    high: found.high ?? found.value,
    above: false,
    hollow,
    tip: `${name} ${milliseconds(found.value)} ms (${interval}, n ${count(found.n)}) at ${where}${state}`,
  };
}

/** The figure as it stands in the histogram, where there are too few independent requests to print it as proven. */
function unproven({ histograms }: CaseRecord, metric: keyof typeof RANKS): number | undefined {
  const { response } = histograms;
  return response === undefined ? undefined : Buckets.decode(response).percentileMs(RANKS[metric]);
}

const RANKS = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9 } as const;

/** Where the lines end and what to call them there; `wide` has room for names beside the lines. */
export function tradeOffSpec(record: RunRecord, wide: boolean): TopLevelSpec | undefined {
  const drawn = seriesOf(record).filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((one) => one.points);
  if (points.length === 0) return undefined;
  const promise = latencyPromise(record);
  const [width, height] = wide ? [640, 185] : [290, 240];
  const y = domainOf(points, promise?.boundMs);
  const series = drawn.map((one) => ({ ...one, points: one.points.map((point) => clip(point, y[1])) }));
  const xMax = Math.max(...points.map((point) => point.x)) * 1.012;
  const frame = { width, height, xMax, y };
  const ordered = [...series].sort((a, b) => Number(a.setting.recommended) - Number(b.setting.recommended));
  return chart(width, height, {
    encoding: axes(frame, wide),
    layer: [
      ...(promise === undefined ? [] : promiseLayers(promise.boundMs, promise.text, wide)),
      ...ordered.flatMap((one) => seriesLayers(one)),
      ...(wide
        ? lineNames(
            ordered.flatMap((one) => lineEnd(one, frame)),
            height,
          )
        : []),
    ],
  });
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly xMax: number;
  readonly y: Domain;
}

function axes({ xMax, y }: Frame, wide: boolean) {
  return {
    x: {
      field: 'x',
      type: 'quantitative',
      title: 'completed requests/s',
      scale: { domain: [0, xMax], nice: false, zero: true },
      axis: { tickCount: wide ? 7 : 4, titlePadding: 6 },
    },
    y: logAxis('y', 'ms, log scale', y),
  };
}

function promiseLayers(boundMs: number, text: string, wide: boolean) {
  const data = { values: [{ y: boundMs, text: `SLO ${text}` }] };
  const y = { field: 'y', type: 'quantitative' };
  return [
    {
      data,
      mark: { type: 'rule', stroke: COLOUR.accent, strokeDash: [2, 3], strokeWidth: 1.5 },
      encoding: { x: null, y },
    },
    {
      data,
      mark: { type: 'text', align: 'left', dy: -7, dx: wide ? 4 : 2, color: COLOUR.accent },
      encoding: { x: { value: 0 }, y, text: { field: 'text' } },
    },
  ];
}

/** Solid up to the last load that was carried, dashed beyond it. */
function seriesLayers({ shape, colour, points, setting }: Series) {
  const doubted = points.findIndex((point) => point.hollow);
  const carried = doubted === -1 ? points.length : doubted;
  const dashed = points.slice(Math.max(0, carried - 1));
  const strokeWidth = setting.recommended ? 2.5 : 1.25;
  const line = (values: readonly Point[], strokeDash: number[]) => ({
    data: { values },
    mark: { type: 'line', stroke: colour, strokeWidth, strokeDash, aria: false },
  });
  const marks = {
    type: 'point',
    shape,
    stroke: colour,
    strokeWidth: 1.5,
    size: setting.recommended ? 90 : 60,
    opacity: 1,
  };
  const described = (values: readonly Point[], fill: string) => ({
    data: { values: values.map((point) => ({ ...point, tip: `${setting.label}: ${point.tip}` })) },
    mark: { ...marks, fill },
    encoding: { description: { field: 'tip' } },
  });
  return [
    line(points.slice(0, carried), []),
    ...(dashed.length > 1 ? [line(dashed, [4, 4])] : []),
    {
      data: { values: points.filter((point) => !point.above) },
      mark: { type: 'rule', stroke: colour, strokeWidth: strokeWidth + 0.5, aria: false },
      encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
    },
    described(
      points.filter((point) => !point.hollow),
      colour,
    ),
    described(
      points.filter((point) => point.hollow),
      COLOUR.surface,
    ),
  ];
}

function lineEnd({ points, setting, colour }: Series, { height, width, xMax, y }: Frame): LineEnd[] {
  const last = points.at(-1);
  if (last === undefined) return [];
  const py = logPixel(last.y, y, height);
  return [{ name: setting.label, strong: setting.recommended, colour, px: (last.x / xMax) * width, py }];
}

/**
 * From below the lowest figure to above the highest that is believed and the promise. What an overloaded server
 * shows grows with the length of the run: beyond ten times the rest it sits at the upper edge and says its figure.
 */
function domainOf(points: readonly Point[], boundMs: number | undefined): Domain {
  const bound = boundMs === undefined ? [] : [boundMs];
  const highest = Math.max(...points.map(({ high }) => high), ...bound) * 1.35;
  const lowest = Math.min(...points.map(({ low }) => low), ...bound) / 1.35;
  const believed = points.filter(({ hollow }) => !hollow).map(({ high }) => high);
  return [lowest, believed.length === 0 ? highest : Math.min(highest, Math.max(...believed, ...bound) * 10)];
}

function clip(point: Point, top: number): Point {
  if (point.y <= top) return { ...point, high: Math.min(point.high, top) };
  return { ...point, y: top, low: top, high: top, above: true };
}
