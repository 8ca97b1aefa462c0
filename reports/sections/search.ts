import type { RunRecord } from '../../harness/record/run-record.ts';
import type { SearchRecord } from '../../harness/record/search-record.ts';
import { draw } from '../charts/draw.ts';
import { badness, searchSpec } from '../charts/search-margin.ts';
import { runFigure } from '../figures.ts';
import { count, perSecond, significant } from '../format.ts';
import { type Html, html } from '../html.ts';
import { settingLabel } from '../views.ts';
import { scrolling } from './notices.ts';

/** The picture of the first screen: the search of the recommended setting, else the first. */
export async function searchCard(record: RunRecord): Promise<Html> {
  const searches = record.searches ?? [];
  const chosen = JSON.stringify(record.answer.setting ?? {});
  const search = searches.find(({ axes }) => JSON.stringify(axes) === chosen) ?? searches[0];
  if (search === undefined) return html``;
  const isOnly = searches.length === 1;
  const whose = isOnly ? 'Dots' : `${settingLabel(search.axes)}. Dots`;
  const others = isOnly ? '' : ' The other settings are below.';
  return html`<section class="card" aria-labelledby="trade-off"><h2 id="trade-off">Requests worse than the promise against the rate</h2>
  <figure>${await pictures(search, [640, 185])}
  <figcaption>${whose} are probes, crosses broke the promise, the diamond is the run that proves. Band: 90 % interval of the capacity.${others}</figcaption></figure>
</section>`;
}

/** How a capacity was found: every probe in a picture and in a table. Nothing where none was searched. */
export async function searchSection(record: RunRecord): Promise<Html> {
  const searches = record.searches ?? [];
  if (searches.length === 0) return html``;
  const parts = await Promise.all(searches.map((search, index) => searchPart(record, search, index)));
  return html`<section aria-labelledby="search"><h2 id="search">How the capacity was found</h2>
  <p class="prose">Short probes at rising rates; then both sides of the boundary again and again, with the same arrivals on both, until the interval was narrow enough. At 1 as many requests are worse than the promise as it allows. Line: the fit, which never falls. Band: the 90 % interval of the capacity. Circle: held; cross: broke; hollow: could not be believed; diamond: the long run that proves.</p>
  ${parts}
</section>`;
}

async function searchPart(record: RunRecord, search: SearchRecord, index: number): Promise<Html> {
  const name = settingLabel(search.axes);
  return html`<figure class="card">
  <figcaption><strong>${name}</strong>: ${summary(record, search, index)}</figcaption>
  ${await pictures(search, [930, 230])}
  <details><summary>${search.runs.length} runs</summary>${table(search, name)}</details>
</figure>`;
}

async function pictures(search: SearchRecord, size: readonly [width: number, height: number]): Promise<Html> {
  const label = `Share of requests worse than the promise against the rate, ${settingLabel(search.axes)}`;
  const [wide, narrow] = [searchSpec(search, size), searchSpec(search, [290, 230])];
  if (wide === undefined || narrow === undefined) return html``;
  return html`<div class="wide">${await draw(wide, label)}</div><div class="narrow">${await draw(narrow, label)}</div>`;
}

const ENDS: Readonly<Record<NonNullable<SearchRecord['found']['end']>, string>> = {
  precision: 'the interval became narrow enough',
  time: 'the time for probes was over',
  'max-rate': 'the highest allowed rate was held',
  client: 'the load generator was the limit',
  unclear: 'probes could not be believed',
  'none-holds': 'no rate held the promise',
};

function summary(record: RunRecord, { found }: SearchRecord, index: number): Html {
  const at = (field: string): Html => runFigure(record, `searches.${index}.found.${field}`, perSecond);
  const { estimate, highestPassPerS: held, lowestBreachPerS: broken, provenPerS, end, broke } = found;
  return html`${
    estimate === undefined
      ? html`no interval`
      : html`capacity ${at('estimate.requestsPerS')}/s, 90 % interval ${at('estimate.lowPerS')}–${at('estimate.highPerS')}`
  }${held !== undefined && html`; highest pass ${at('highestPassPerS')}/s`}${broken !== undefined && html`; lowest breach ${at('lowestBreachPerS')}/s (<code>${broke ?? ''}</code>)`}${
    provenPerS === undefined ? html`; nothing proven` : html`; proven at ${at('provenPerS')}/s`
  }. ${end === undefined ? 'It was interrupted.' : `It ended because ${ENDS[end]}.`}`;
}

function table({ runs }: SearchRecord, name: string): Html {
  return scrolling(
    `Runs of the search, ${name}`,
    html`<table><thead><tr><th scope="col">run</th><th scope="col">requests/s</th><th scope="col">offered</th><th scope="col">s</th><th scope="col">worse / allowed</th><th scope="col">outcome</th><th scope="col">why</th></tr></thead>
  <tbody>${runs.map(
    (run, at) =>
      html`<tr><th scope="row">${at + 1} ${run.kind}</th><td>${perSecond(run.requestsPerS)}</td><td>${perSecond(run.offeredPerS)}</td><td>${significant(run.durationMs / 1000)}</td><td>${significant(badness(run))} (${run.counts.map(({ expression, bad, of }) => `${expression}: ${count(bad)} of ${count(of)}`).join('; ')})</td><td>${run.overloaded ? 'overloaded' : run.outcome}</td><td class="prose">${run.why ?? ''}</td></tr>`,
  )}</tbody></table>`,
  );
}
