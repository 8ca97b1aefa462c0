import type { CaseRecord } from '../../harness/record/case-record.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import type { StalenessRecord } from '../../harness/record/staleness.ts';
import { formatMs } from '../../harness/record/wording.ts';
import { caseFigure } from '../figures.ts';
import { milliseconds, percent } from '../format.ts';
import { type Html, html } from '../html.ts';
import { casesAtLoad, loadLabels, settingLabel } from '../views.ts';
import { scrolling } from './notices.ts';

type Counted = CaseRecord & { readonly staleness: StalenessRecord };

/** How old the answers were, and how many of them stale by how often the data changes; nothing where it was not asked. */
export function stalenessTables(record: RunRecord): Html {
  if (!record.cases.some(isCounted)) return html``;
  return html`<h3 id="staleness">Staleness against the change rate</h3>
  ${loadLabels(record).map(
    (label) =>
      html`<div data-panel-load="${label}">${scrolling(`Staleness at ${label}`, table(label, casesAtLoad(record, label).filter(isCounted)))}</div>`,
  )}
  <p class="note">What lies behind each payload changes at random instants, drawn from the seed, on average as often as the column says. An answer is <em>stale</em> when that happened after its computation had begun and before it was asked for; one that was computed for its request never is. Shares are of all ok answers, each with its 95 % interval, which allows for the answers of one payload hanging together; <em>expected</em> is what the measured ages make of changes at that rate, over every course that these may take. <em>Aged</em> answers came from the cache, or from the computation of an equal request. Without a ttl they grow older for as long as the cache lives.</p>`;
}

function isCounted(one: CaseRecord): one is Counted {
  return one.staleness !== undefined;
}

function table(label: string, cases: readonly Counted[]): Html {
  const times = cases[0]?.staleness.changes.map(({ everyMs }) => everyMs) ?? [];
  return html`<table><caption class="sr-only">Staleness at ${label}</caption>
  <thead><tr><th scope="col">at ${label}</th><th scope="col" class="number">aged</th><th scope="col" class="number">age p50, ms</th><th scope="col" class="number">p99</th><th scope="col" class="number">max</th>${times.map(
    (everyMs) => html`<th scope="col" class="number">stale, changing every ${formatMs(everyMs)}</th>`,
  )}</tr></thead>
  <tbody>${cases.map(row)}</tbody></table>`;
}

function row(one: Counted): Html {
  return html`<tr><th scope="row">${settingLabel(one.axes)}</th>
  <td class="number">${caseFigure(one, 'staleness.aged')}</td>
  <td class="number">${caseFigure(one, 'staleness.ageMs.p50', milliseconds)}</td>
  <td class="number">${caseFigure(one, 'staleness.ageMs.p99', milliseconds)}</td>
  <td class="number">${caseFigure(one, 'staleness.ageMs.max', milliseconds)}</td>${one.staleness.changes.map(
    (_, at) => html`<td class="number">${share(one, `staleness.changes.${at}`)}</td>`,
  )}</tr>`;
}

function share(one: Counted, path: string): Html {
  const end = (name: string) => caseFigure(one, `${path}.${name}`, percent);
  return html`${end('rate')} <span class="ci" data-tip="95 % interval">${end('low')}–${end('high')}</span>, expected ${end('expectedRate')}`;
}
