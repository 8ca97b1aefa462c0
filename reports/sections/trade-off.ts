import type { RunRecord } from '../../harness/record/run-record.ts';
import { draw } from '../charts/draw.ts';
import { LINES, type Series, seriesOf, tradeOffSpec } from '../charts/trade-off.ts';
import { type Html, html, raw } from '../html.ts';
import { latencyPromise, percentileName, settingsOf } from '../views.ts';

/** The picture of the report: what each setting's tail does as the load grows. */
export async function tradeOffSection(record: RunRecord): Promise<Html> {
  const metric = percentileName(latencyPromise(record)?.metric ?? 'p99');
  const title = `${metric} response time against throughput`;
  const [wide, narrow] = [tradeOffSpec(record, true), tradeOffSpec(record, false)];
  if (wide === undefined || narrow === undefined) {
    return html`<section class="card" aria-labelledby="trade-off"><h2 id="trade-off">${title}</h2>
  <p class="none">No open load has a ${metric} to show; the table of cases says why, case by case.</p></section>`;
  }
  const series = seriesOf(record);
  const label = `${title}, one line per setting; the figures are in the table of cases.`;
  return html`<section class="card" aria-labelledby="trade-off">
  <h2 id="trade-off">${title}</h2>
  <figure>
    <div class="wide">${await draw(wide, label)}</div>
    <div class="narrow">${await draw(narrow, label)}<ul class="legend">${series.map(legendEntry)}</ul></div>
    <figcaption>${caption(record, series)}</figcaption>
  </figure>
</section>`;
}

export function legendEntry({ setting, shape, colour }: Series): Html {
  return html`<li>${glyph(shape, colour)} ${setting.label}${setting.recommended && html` <span aria-hidden="true">◂</span><span class="sr-only">(recommended)</span>`}</li>`;
}

const OUTLINES: Readonly<Record<string, string>> = {
  circle: 'M6 2a4 4 0 1 0 .01 0z',
  square: 'M2.5 2.5h7v7h-7z',
  diamond: 'M6 1l4 5-4 5-4-5z',
  'triangle-up': 'M6 1.5l4.5 8h-9z',
  cross: 'M4.5 1h3v3.500h3v3h-3v3.500h-3v-3.500h-3v-3h3z',
  'triangle-down': 'M6 10.500l4.500-8h-9z',
  'triangle-right': 'M10 6l-8 4.500v-9z',
  stroke: 'M1 5h10v2h-10z',
};

function glyph(shape: string, colour: string): Html {
  return raw(
    `<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true"><path d="${OUTLINES[shape] ?? OUTLINES.circle}" fill="${colour}"/></svg>`,
  );
}

function caption(record: RunRecord, series: readonly Series[]): string {
  const notes = ['Bars: 95 % intervals.'];
  if (series.some(({ points }) => points.some(({ hollow }) => hollow))) {
    notes.push('Hollow: overloaded, in doubt, or too few samples for a bar.');
  }
  const left = settingsOf(record).length - LINES;
  if (left > 0) notes.push(`${left} more settings are in the table of cases.`);
  if (record.cases.some(({ load }) => load.shape === 'closed'))
    notes.push('Closed passes: not comparable, not drawn.');
  return notes.join(' ');
}
