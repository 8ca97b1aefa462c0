import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { absent, caseFigure } from '../figures.ts';
import { count, percent } from '../format.ts';
import { type Html, html } from '../html.ts';
import { casesAtLoad, loadLabels, settingLabel } from '../views.ts';
import { scrolling } from './notices.ts';

/** What the response cache did, every setting side by side at each load; nothing where no case had one. */
export function cacheTables(record: RunRecord): Html {
  if (!record.cases.some(hasCache)) return html``;
  return html`<h3 id="cache">Response cache</h3>
  ${loadLabels(record).map(
    (label) =>
      html`<div data-panel-load="${label}">${scrolling(`Response cache at ${label}`, table(label, casesAtLoad(record, label)))}</div>`,
  )}
  <p class="note">Each request that is looked up is a <em>hit</em>, answered from the cache; a <em>miss</em>, computed; or a <em>join</em>, answered by the computation of an equal one that was under way. <em>Came again</em> is the share of the requests whose payload had been asked before: what a cache without limits could have answered, hits and joins together. <em>Errors</em> are what a store outside the server did not do: misses, not failed requests.</p>`;
}

function hasCache({ cache }: CaseRecord): boolean {
  return cache !== undefined && !isMissing(cache);
}

function table(label: string, cases: readonly CaseRecord[]): Html {
  return html`<table><caption class="sr-only">Response cache at ${label}</caption>
  <thead><tr><th scope="col">at ${label}</th><th scope="col" class="number">hit rate</th><th scope="col" class="number">came again</th><th scope="col" class="number">hits</th><th scope="col" class="number">joins</th><th scope="col" class="number">misses</th><th scope="col" class="number">evicted</th><th scope="col" class="number">expired</th><th scope="col" class="number">errors</th></tr></thead>
  <tbody>${cases.map(row)}</tbody></table>`;
}

function row(one: CaseRecord): Html {
  const head = html`<th scope="row">${settingLabel(one.axes)}</th>`;
  if (one.cache === undefined || isMissing(one.cache)) {
    return html`<tr>${head}<td colspan="8">${one.cache?.missing ?? 'not recorded'}</td></tr>`;
  }
  return html`<tr>${head}
  <td class="number">${caseFigure(one, 'cache.hitRate', percent)}</td>
  <td class="number">${cameAgain(one)}</td>
  <td class="number">${caseFigure(one, 'cache.hits', count)}</td>
  <td class="number">${caseFigure(one, 'cache.joins', count)}</td>
  <td class="number">${caseFigure(one, 'cache.misses', count)}</td>
  <td class="number">${caseFigure(one, 'cache.evicted', count)}</td>
  <td class="number">${caseFigure(one, 'cache.expired', count)}</td>
  <td class="number">${caseFigure(one, 'cache.errors', count)}</td></tr>`;
}

/** Of a mix each class has its own, beside its percentiles. */
function cameAgain(one: CaseRecord): Html {
  const [name, ...others] = Object.keys(one.classes);
  if (name === undefined || others.length > 0) return absent('each class of a mix has its own');
  return caseFigure(one, `classes.${name}.payloads.repeatShare`, percent);
}
