import type { CaseRecord } from '../../harness/record/case-record.ts';
import { changesInSight, stretchesOf } from '../../harness/record/stretches.ts';
import { caseFigure } from '../figures.ts';
import { milliseconds, significant } from '../format.ts';
import { type Html, html } from '../html.ts';
import { caseLabel } from '../views.ts';
import { scrolling } from './notices.ts';

/**
 * What the scenario had done to the server, numbered as in the pictures, and the worst window after each. Nothing where
 * nothing happened.
 */
export function changesTable(one: CaseRecord): Html {
  const shown = changesInSight(one);
  if (shown.length === 0) return html``;
  const stretches = stretchesOf(one);
  const quiet = stretches.find(({ changes }) => changes.length === 0);
  const rows = shown.map((change, index) => {
    const at = `changes.${one.changes?.indexOf(change)}`;
    const stretch = stretches.find(({ changes }) => changes.includes(change));
    const times = html`<td class="number">${caseFigure(one, `${at}.atS`, significant)}</td><td class="number">${caseFigure(one, `${at}.endS`, significant)}</td>`;
    return html`<tr><td class="number">${index + 1}</td><th scope="row">${change.what}</th>${times}<td class="prose">${change.failed && 'FAILED: '}${change.message}</td>${worstCells(one, stretch)}</tr>`;
  });
  return scrolling(
    `What happened, ${caseLabel(one)}`,
    html`<table><caption class="sr-only">What happened during ${caseLabel(one)}</caption>
  <thead><tr><th scope="col"></th><th scope="col">what happened</th><th scope="col" class="number">from, s</th><th scope="col" class="number">to, s</th><th scope="col">what became of it</th><th scope="col" class="number">worst window after it: p99, ms</th><th scope="col" class="number">not ok</th></tr></thead>
  <tbody>${quiet !== undefined && html`<tr><td></td><th scope="row">nothing yet</th><td></td><td></td><td></td>${worstCells(one, quiet)}</tr>`}${rows}</tbody></table>`,
  );
}

function worstCells(one: CaseRecord, stretch: ReturnType<typeof stretchesOf>[number] | undefined): Html {
  const worst = stretch?.worst;
  if (stretch === undefined || worst === undefined)
    return html`<td class="number">–</td><td class="number">${stretch?.notOk ?? '–'}</td>`;
  const at = `windows.${one.windows.indexOf(worst.window)}.responseP99Ms`;
  return html`<td class="number">${caseFigure(one, at, milliseconds)}</td><td class="number">${stretch.notOk}</td>`;
}
