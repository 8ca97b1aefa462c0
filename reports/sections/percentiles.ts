import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { Histogram } from '../../harness/statistics/histogram.ts';
import { draw } from '../charts/draw.ts';
import { type Curve, ninesTo, percentileSpec } from '../charts/percentile-curves.ts';
import { type Series, seriesOf } from '../charts/trade-off.ts';
import { type Html, html } from '../html.ts';
import { caseLabel, isOverloaded, loadLabels } from '../views.ts';
import { legendEntry } from './trade-off.ts';

/** One picture per load, every setting that carries it. */
export async function percentileCurves(record: RunRecord): Promise<Html> {
  const series = seriesOf(record);
  const pictures = await Promise.all(loadLabels(record).map((label) => picture(label, series)));
  return html`${pictures}`;
}

async function picture(label: string, series: readonly Series[]): Promise<Html> {
  const shown = series.flatMap((one) => {
    const here = [one.setting.closed, ...one.setting.open].find(
      (candidate) => candidate?.load.label === label,
    );
    return here === undefined ? [] : [{ one, here }];
  });
  const curves = shown.flatMap(({ one, here }) => curveOf(one, here) ?? []);
  const [wide, narrow] = [percentileSpec(curves, true), percentileSpec(curves, false)];
  if (wide === undefined || narrow === undefined) {
    return html`<div data-panel-load="${label}"><p class="none">At ${label} there is no curve to draw: no setting both carries this load and kept its times.</p></div>`;
  }
  const drawn = series.filter(({ setting }) => curves.some(({ name }) => name === setting.label));
  const text = `Response time by percentile at ${label}`;
  return html`<figure class="card" data-panel-load="${label}">
  <figcaption>At ${label}, drawn as far as its requests can prove a percentile.${caveats(shown.map(({ here }) => here))}</figcaption>
  <div class="wide">${await draw(wide, text)}</div>
  <div class="narrow">${await draw(narrow, text)}<ul class="legend">${drawn.map(legendEntry)}</ul></div>
</figure>`;
}

function caveats(cases: readonly CaseRecord[]): string {
  const over = cases.filter(isOverloaded);
  const left = over.length === 0 ? '' : ` Overloaded, so without a curve: ${over.map(caseLabel).join('; ')}.`;
  const closed = cases.some(({ load }) => load.shape === 'closed')
    ? ' A closed loop: not comparable with the other loads.'
    : '';
  return left + closed;
}

function curveOf({ setting, colour, shape }: Series, one: CaseRecord): Curve | undefined {
  const encoded = one.histograms.response;
  if (encoded === undefined || isOverloaded(one)) return undefined;
  const histogram = Histogram.decode(encoded);
  try {
    const effect = isMissing(one.designEffect) ? 1 : one.designEffect;
    const points = ninesTo(provableNines(histogram.count / effect)).flatMap((nines) => {
      const ms = histogram.percentileMs((1 - 10 ** -nines) * 100);
      return ms === undefined || ms <= 0 ? [] : [{ nines, ms }];
    });
    return points.length < 2
      ? undefined
      : { name: setting.label, recommended: setting.recommended, colour, shape, points };
  } finally {
    histogram.destroy();
  }
}

/** The highest percentile that n independent requests with none late prove at confidence 0.99: p^n = 0.01. */
function provableNines(independent: number): number {
  if (independent < 1) return 0;
  return Math.min(4, -Math.log10(1 - 0.01 ** (1 / independent)));
}
