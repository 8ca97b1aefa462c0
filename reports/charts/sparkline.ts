import type { Series } from '../../harness/record/watched.ts';
import { significant } from '../format.ts';
import { type Html, html } from '../html.ts';

const WIDTH = 240;
const HEIGHT = 44;
/** More readings than this are drawn without marks of their own. */
const MARKED = 40;

/** One series as a small line from zero, broken where a reading is missing. Ours, because an axis would not fit. */
export function sparkline({ atS, values, unit }: Series, name: string): Html {
  const first = atS[0] ?? 0;
  const span = Math.max(1e-9, (atS.at(-1) ?? 1) - first);
  const top = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const points = values.map((value, index) => {
    if (value === null) return undefined;
    const x = 4 + (((atS[index] ?? first) - first) / span) * (WIDTH - 8);
    return {
      x: x.toFixed(1),
      y: (HEIGHT - 4 - (value / top) * (HEIGHT - 8)).toFixed(1),
      value,
      atS: atS[index] ?? first,
    };
  });
  const marks = points.length > MARKED ? [] : points;
  return html`<svg class="spark-line" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${name} over the case">
  ${runs(points).map((run) => html`<polyline points="${run.map(({ x, y }) => `${x},${y}`).join(' ')}" fill="none" stroke="var(--accent)" stroke-width="1.5" vector-effect="non-scaling-stroke"/>`)}
${marks.map((point) => point && html`<circle cx="${point.x}" cy="${point.y}" data-tip="${`${significant(point.value)} ${unit} at ${point.atS.toFixed(1)} s`}"/>`)}
</svg>`;
}

/** The unbroken stretches. */
function runs<T>(points: readonly (T | undefined)[]): T[][] {
  const found: T[][] = [[]];
  for (const point of points) {
    if (point === undefined) found.push([]);
    else found.at(-1)?.push(point);
  }
  return found.filter((run) => run.length > 0);
}
