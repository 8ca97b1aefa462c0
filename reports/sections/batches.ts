import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import type { Batch } from '../../harness/record/watched.ts';
import { batchSizesSpec } from '../charts/batch-sizes.ts';
import { draw } from '../charts/draw.ts';
import { caseFigure } from '../figures.ts';
import { count, percent } from '../format.ts';
import { type Html, html } from '../html.ts';
import { caseLabel, casesAtLoad, loadLabels, settingLabel } from '../views.ts';
import { scrolling } from './notices.ts';

const RELEASES: Readonly<Record<string, string>> = {
  full: 'the batch was full',
  delay: 'its oldest row had waited long enough',
  idle: 'an instance became free',
  preferred: 'a preferred size was reached',
};

/** The sizes of one case's batches. */
export async function batchPicture(one: CaseRecord): Promise<Html> {
  if (isMissing(one.batch)) return html`<p class="none">No batches to show: ${one.batch.missing}.</p>`;
  return html`<figure class="card"><figcaption>Batches by their size, ${caseLabel(one)}</figcaption>${await draw(batchSizesSpec(one.batch), `Batches by size, ${caseLabel(one)}`)}</figure>`;
}

/** Why batches left and how large they were, every setting side by side at each load. */
export function batchTables(record: RunRecord): Html {
  return html`${loadLabels(record).map((label) => {
    const cases = casesAtLoad(record, label);
    const reasons = cases.flatMap(({ batch }) => (isMissing(batch) ? [batch.missing] : []));
    if (reasons.length === cases.length) {
      return html`<div data-panel-load="${label}"><p class="none">At ${label}: ${reasons[0] ?? 'nothing recorded'}.</p></div>`;
    }
    return html`<div data-panel-load="${label}">${scrolling(`Batches formed at ${label}`, table(label, cases))}</div>`;
  })}
  <p class="note">Released because: ${Object.entries(RELEASES).map(([name, why], index) => html`${index > 0 && '; '}<em>${name}</em>, ${why}`)}.</p>`;
}

function table(label: string, cases: readonly CaseRecord[]): Html {
  return html`<table><caption class="sr-only">Batches formed at ${label}</caption>
  <thead><tr><th scope="col">at ${label}</th><th scope="col" class="number">mean rows</th><th scope="col" class="number">batches</th><th scope="col" class="number">rows</th><th scope="col" class="number">padded rows</th><th scope="col">released because</th></tr></thead>
  <tbody>${cases.map(row)}</tbody></table>`;
}

function row(one: CaseRecord): Html {
  if (isMissing(one.batch))
    return html`<tr><th scope="row">${settingLabel(one.axes)}</th><td colspan="5">${one.batch.missing}</td></tr>`;
  return html`<tr><th scope="row">${settingLabel(one.axes)}</th>
  <td class="number">${caseFigure(one, 'batch.meanRows')}</td>
  <td class="number">${caseFigure(one, 'batch.executions', count)}</td>
  <td class="number">${caseFigure(one, 'batch.rowsExecuted', count)}</td>
  <td class="number">${caseFigure(one, 'batch.paddedRows', count)}</td>
  <td class="releases">${releases(one.batch)}</td></tr>`;
}

function releases({ release }: Batch): Html {
  const total = Object.values(release).reduce((sum, number) => sum + number, 0);
  if (total === 0) return html`<span class="none">none left</span>`;
  let before = 0;
  const shares = Object.entries(release).map(([name, number]) => {
    const from = before;
    before += number / total;
    return { name, share: number / total, from };
  });
  const known = new Set(Object.keys(RELEASES));
  return html`<svg class="release" aria-hidden="true">${shares.map(
    ({ name, share, from }) =>
      html`<rect class="${known.has(name) ? name : 'idle'}" x="${(from * 100).toFixed(2)}%" width="${(share * 100).toFixed(2)}%" height="100%" data-tip="${name}: ${percent(share)}"/>`,
  )}</svg> ${shares.filter(({ share }) => share > 0).map(({ name, share }, index) => html`${index > 0 && ' · '}${name} ${percent(share)}`)}`;
}
