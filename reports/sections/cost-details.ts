import type { CaseRecord, CostRecord, RunRecord } from '../../harness/record/run-record.ts';
import { caseFigure } from '../figures.ts';
import { perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { formatUsd } from '../panel/bill.ts';
import { caseLabel, describeMachine } from '../views.ts';
import { scrolling } from './notices.ts';

const AT: Readonly<Record<CostRecord['at'], string>> = {
  capacityAtSlo: 'while the SLO is held',
  thisLoad: 'at this load',
  saturation: 'at saturation',
};

/** Every cost of the record with what it assumes. */
export function costDetails(record: RunRecord): Html {
  const rows = record.cases.flatMap((one) => one.cost.map((cost, place) => ({ one, cost, place })));
  return html`<section aria-labelledby="cost-details"><h2 id="cost-details">Cost, with what it assumes</h2>
  ${
    rows.length === 0
      ? html`<p class="none">Nothing was priced in this run.</p>`
      : html`${assumptions(
          record,
          rows.map(({ cost }) => cost),
        )}${table(rows)}`
  }
</section>`;
}

function assumptions(record: RunRecord, costs: readonly CostRecord[]): Html {
  const prices = new Map(costs.map((cost) => [`${cost.price} ${cost.term}`, cost]));
  const assumed = costs.some(({ basis }) => basis === 'assumed-same-throughput');
  const { slo } = record.decide;
  return html`<dl class="terms">
  ${[...prices].map(([name, cost]) => html`<dt>${name}</dt><dd>$${cost.usdPerHour} per hour, as of ${cost.asOf}, from <code>${cost.source}</code></dd>`)}
  <dt>basis</dt><dd>${assumed ? `Measured on ${describeMachine(record)} and priced as another machine, whose throughput is assumed to be the same: a what-if, not an offer.` : `Measured on the machine that is priced (${describeMachine(record)}).`}</dd>
  <dt>what is priced</dt><dd>One machine, busy all hours at the rate of its row. ${slo.length > 0 && html`Only a case whose promise (${slo.join(', ')}) is proven has a price <em>while the SLO is held</em>.`} A price <em>at this load</em> is the price of the hour ÷ the offered rate, the same for every setting, so it ranks nothing.</dd>
  <dt>left out</dt><dd>Disks, network, licences, tax, discounts, and the people who run it.</dd>
</dl>`;
}

function table(rows: readonly { one: CaseRecord; cost: CostRecord; place: number }[]): Html {
  return scrolling(
    'Costs',
    html`<table class="sortable"><thead><tr><th scope="col">case</th><th scope="col">priced</th><th scope="col">rows/s</th><th scope="col">$ per 1,000</th><th scope="col">$ per 1M</th><th scope="col">machine, terms</th><th scope="col">basis</th></tr></thead>
  <tbody>${rows.map(
    ({
      one,
      cost,
      place,
    }) => html`<tr><th scope="row">${caseLabel(one)}</th><td>${AT[cost.at]}</td><td class="number">${caseFigure(one, 'throughput.rowsPerS', perSecond)}</td>
  <td class="number">${caseFigure(one, `cost.${place}.usdPer1000`, formatUsd)}</td><td class="number">${caseFigure(one, `cost.${place}.usdPer1000`, (usd) => formatUsd(usd * 1000))}</td>
  <td>${cost.price}, ${cost.term}</td><td>${cost.basis === 'measured-on-this-machine' ? 'measured on it' : 'what-if'}</td></tr>`,
  )}</tbody></table>`,
  );
}
