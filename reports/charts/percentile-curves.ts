import type { TopLevelSpec } from 'vega-lite';
import { type LineEnd, lineNames } from './line-names.ts';
import { logAxis, logPixel } from './log-axis.ts';
import { chart } from './theme.ts';

export interface Curve {
  readonly name: string;
  readonly recommended: boolean;
  readonly colour: string;
  readonly shape: string;
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
  /** -log10(1 - p): 1 is p90, 2 is p99, 3 is p99.9. */
  readonly nines: number;
  readonly ms: number;
}

const NAMES: Readonly<Record<string, string>> = {
  '0': 'min',
  '1': 'p90',
  '2': 'p99',
  '3': 'p99.9',
  '4': 'p99.99',
};
const MEDIAN = -Math.log10(0.5);

/** Response time against the number of nines: every further nine is ten times rarer, and as wide as the one before. */
export function percentileSpec(curves: readonly Curve[], wide: boolean): TopLevelSpec | undefined {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return undefined;
  const [width, height] = wide ? [930, 230] : [290, 230];
  const most = Math.max(...points.map(({ nines }) => nines));
  const times = points.map(({ ms }) => ms);
  const y = [Math.min(...times) / 1.2, Math.max(...times) * 1.2] as const;
  const values = [0, MEDIAN, 1, 2, 3, 4].filter((nines) => nines <= most);
  const ordered = [...curves].sort((a, b) => Number(a.recommended) - Number(b.recommended));
  const ends = ordered.flatMap((curve): LineEnd[] => {
    const last = curve.points.at(-1);
    if (last === undefined) return [];
    const { name, colour, recommended: strong } = curve;
    return [{ name, colour, strong, px: (last.nines / most) * width, py: logPixel(last.ms, y, height) }];
  });
  return chart(width, height, {
    encoding: {
      x: {
        field: 'nines',
        type: 'quantitative',
        title: 'percentile',
        scale: { domain: [0, most], nice: false },
        axis: { values, labelExpr: labels(values), grid: true, labelOverlap: false },
      },
      y: logAxis('ms', 'response, ms, log scale', y),
    },
    layer: [...ordered.flatMap(curveLayers), ...(wide ? lineNames(ends, height) : [])],
  });
}

/** A vega expression that names the ticks. */
function labels(values: readonly number[]): string {
  const named = values.map((nines) => `datum.value === ${nines} ? '${NAMES[String(nines)] ?? 'p50'}'`);
  return `${named.join(' : ')} : ''`;
}

/** A line, and the shape of its setting at the whole nines. */
function curveLayers({ points, colour, recommended, shape, name }: Curve) {
  const marked = points
    .filter(({ nines }) => nines > 0 && (Number.isInteger(nines) || nines === MEDIAN))
    .map((point) => ({
      ...point,
      tip: `${name}: ${NAMES[String(point.nines)] ?? 'p50'} ${point.ms.toPrecision(3)} ms`,
    }));
  return [
    {
      data: { values: points },
      mark: {
        type: 'line',
        stroke: colour,
        strokeWidth: recommended ? 2.5 : 1.25,
        interpolate: 'monotone',
        aria: false,
      },
    },
    {
      data: { values: marked },
      mark: { type: 'point', shape, stroke: colour, fill: colour, size: 45, opacity: 1 },
      encoding: { description: { field: 'tip' } },
    },
  ];
}

/** Where a curve is read: even steps of nines up to `most`, the named percentiles among them. */
export function ninesTo(most: number): number[] {
  const steps = Array.from({ length: 41 }, (_, index) => (index / 40) * most);
  return [...new Set([...steps, ...[MEDIAN, 1, 2, 3, 4].filter((nines) => nines <= most)])].sort(
    (a, b) => a - b,
  );
}
