import type { TopLevelSpec } from 'vega-lite';
import type { ProbeRun, SearchRecord } from '../../harness/record/search-record.ts';
import { weighedOf } from '../../harness/record/search-record.ts';
import { count, perSecond, significant } from '../format.ts';
import { type Domain, logAxis } from './log-axis.ts';
import { COLOUR, chart } from './theme.ts';

/** How bad a run was: the share of requests beyond its tightest bound over the share that the bound allows. */
export function badness({ counts }: Pick<ProbeRun, 'counts'>): number {
  return Math.max(0, ...counts.map((one) => one.bad / weighedOf(one) / one.allowed));
}

/** Nothing worse than the bound has no place on a logarithmic axis: it sits at the lower edge. */
const RANGE: Domain = [0.02, 50];
const SIDES = { pass: 'held', breach: 'broke', unclear: 'unclear' } as const;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly tip: string;
  readonly run: ProbeRun;
}

/** Every run of a search by its rate; the promise holds below 1. The line is the fit, the band the capacity's interval. */
export function searchSpec(
  search: SearchRecord,
  [width, height]: readonly [width: number, height: number],
): TopLevelSpec | undefined {
  const points = search.runs.map(pointOf);
  const fit = search.fitted.map(({ requestsPerS, margin }) => ({
    x: requestsPerS,
    y: clipped(Math.exp(-margin)),
  }));
  if (points.length === 0) return undefined;
  const rates = points.map(({ x }) => x);
  const x = [Math.min(...rates) / 1.1, Math.max(...rates) * 1.1];
  return chart(width, height, {
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: 'offered requests/s, log scale',
        scale: { type: 'log', domain: x, nice: false },
        axis: { tickCount: width > 400 ? 8 : 4, format: '~s', titlePadding: 6 },
      },
      y: logAxis('y', 'worse than the promise / allowed', RANGE),
    },
    layer: [
      ...bandLayers(search),
      {
        data: { values: [{ y: 1 }] },
        mark: { type: 'rule', stroke: COLOUR.accent, strokeDash: [2, 3], strokeWidth: 1.5 },
        encoding: { x: null, y: { field: 'y', type: 'quantitative' } },
      },
      { data: { values: fit }, mark: { type: 'line', stroke: COLOUR.ink, strokeWidth: 1.25, aria: false } },
      pointLayer(
        points.filter(({ run }) => run.kind === 'probe' && run.outcome === 'pass'),
        'circle',
        COLOUR.ink,
      ),
      pointLayer(
        points.filter(({ run }) => run.kind === 'probe' && run.outcome === 'breach'),
        'cross',
        COLOUR.ink,
      ),
      pointLayer(
        points.filter(({ run }) => run.kind === 'probe' && run.outcome === 'unclear'),
        'circle',
        COLOUR.surface,
      ),
      pointLayer(
        points.filter(({ run }) => run.kind === 'verdict'),
        'diamond',
        COLOUR.accent,
      ),
    ],
  });
}

function pointOf(run: ProbeRun): Point {
  const { kind, requestsPerS, offeredPerS, outcome, why } = run;
  const [worst] = [...run.counts].sort((a, b) => b.bad / b.of / b.allowed - a.bad / a.of / a.allowed);
  const counted =
    worst === undefined
      ? ''
      : `: ${count(worst.bad)} of ${count(worst.of)} worse than ${worst.expression} allows a share of ${significant(worst.allowed)}`;
  const said = kind === 'verdict' && outcome === 'pass' ? 'proven' : SIDES[outcome];
  return {
    x: offeredPerS,
    y: clipped(badness(run)),
    tip: `${kind} at ${perSecond(requestsPerS)}/s, ${said}${counted}${why === undefined ? '' : `; ${why}`}`,
    run,
  };
}

function clipped(value: number): number {
  return Math.min(RANGE[1], Math.max(RANGE[0], value));
}

function bandLayers({ found: { estimate } }: SearchRecord) {
  if (estimate === undefined) return [];
  const { lowPerS, highPerS } = estimate;
  return [
    {
      data: { values: [{ from: lowPerS, to: highPerS }] },
      mark: { type: 'rect', fill: COLOUR.accent, opacity: 0.18, aria: false },
      encoding: { x: { field: 'from', type: 'quantitative' }, x2: { field: 'to' }, y: null },
    },
  ];
}

function pointLayer(points: readonly Point[], shape: string, fill: string) {
  const stroke = fill === COLOUR.surface ? COLOUR.ink : fill;
  return {
    data: { values: points.map(({ x, y, tip }) => ({ x, y, tip })) },
    mark: { type: 'point', shape, fill, stroke, strokeWidth: 1.25, size: 55, opacity: 1 },
    encoding: { description: { field: 'tip' } },
  };
}
