import type { CostRecord } from '../../harness/record/answer.ts';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { formatBill } from '../../harness/record/wording.ts';
import { absent, caseFigure } from '../figures.ts';
import { count, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { type Bill, fleetBill, type PriceOption, type Traffic } from '../panel/bill.ts';
import { caseLabel, describeMachine } from '../views.ts';
import { startingPrice, startingTraffic } from './cost-panel.ts';
import { scrolling } from './notices.ts';

/** Every cost of the record with what it assumes, and the way from the sticker price to a bill. */
export function costDetails(record: RunRecord, prices: readonly PriceOption[]): Html {
  const rows = record.cases.flatMap(rowsOf);
  const costs = record.cases.flatMap(({ cost }) => cost);
  return html`<section aria-labelledby="cost-details"><h2 id="cost-details">Cost, with what it assumes</h2>
  ${rows.length === 0 ? html`<p class="none">Nothing was priced in this run.</p>` : html`${assumptions(record, costs)}${table(rows)}`}
  ${waterfall(record, prices)}
</section>`;
}

/** One case priced as one machine: where in `cost` each of its figures is. */
interface Row {
  readonly one: CaseRecord;
  readonly cost: CostRecord;
  readonly places: Readonly<Partial<Record<CostRecord['at'], number>>>;
}

function rowsOf(one: CaseRecord): Row[] {
  const rows = new Map<
    string,
    { one: CaseRecord; cost: CostRecord; places: Partial<Record<CostRecord['at'], number>> }
  >();
  for (const [place, cost] of one.cost.entries()) {
    const key = `${cost.price} ${cost.term}`;
    const row = rows.get(key) ?? { one, cost, places: {} };
    row.places[cost.at] = place;
    rows.set(key, row);
  }
  return [...rows.values()];
}

function assumptions(record: RunRecord, costs: readonly CostRecord[]): Html {
  const prices = new Map(costs.map((cost) => [`${cost.price} ${cost.term}`, cost]));
  const assumed = costs.some(({ basis }) => basis === 'assumed-same-throughput');
  const { slo } = record.decide;
  return html`<dl class="terms">
  ${[...prices].map(([name, cost]) => html`<dt>${name}</dt><dd>$${cost.usdPerHour} per hour, as of ${cost.asOf}, from <code>${cost.source}</code></dd>`)}
  <dt>basis</dt><dd>${assumed ? `Measured on ${describeMachine(record)} and priced as another machine, whose throughput is assumed to be the same: a what-if, not an offer.` : `Measured on the machine that is priced (${describeMachine(record)}).`}</dd>
  <dt>what is priced</dt><dd>One machine, busy all hours at the rate of its row. ${slo.length > 0 && html`Only a case whose promise (${slo.join(', ')}) is proven has a price <em>while the SLO is held</em>.`} A price <em>at this load</em> is the price of an hour ÷ what was done in it, so at one rate it is the same for every setting and ranks nothing.</dd>
  <dt>left out</dt><dd>Disks, network, licences, tax, discounts, and the people who run it.</dd>
</dl>`;
}

function table(rows: readonly Row[]): Html {
  return scrolling(
    'Costs',
    html`<table class="sortable"><thead><tr><th scope="col">case</th><th scope="col">priced as</th><th scope="col" class="number">rows/s</th>
  <th scope="col" class="number">SLO held: $ per 1,000</th><th scope="col" class="number">$ per 1M</th><th scope="col" class="number">rows per $1</th>
  <th scope="col" class="number">this load: $ per 1,000</th><th scope="col" class="number">saturation: $ per 1,000</th></tr></thead>
  <tbody>${rows.map(tableRow)}</tbody></table>`,
  );
}

function tableRow({ one, cost, places }: Row): Html {
  const usd = (at: CostRecord['at'], format: (usdPer1000: number) => string): Html => {
    const place = places[at];
    if (place !== undefined)
      return html`<td class="number">${caseFigure(one, `cost.${place}.usdPer1000`, format)}</td>`;
    const why =
      one.load.shape === 'closed' ? 'a closed pass is priced at saturation only' : 'not a closed pass';
    return html`<td class="number">${absent(why)}</td>`;
  };
  const basis = cost.basis === 'measured-on-this-machine' ? '' : ', what-if';
  return html`<tr><th scope="row">${caseLabel(one)}</th><td>${cost.price}, ${cost.term}${basis}</td><td class="number">${caseFigure(one, 'throughput.rowsPerS', perSecond)}</td>
  ${usd('capacityAtSlo', formatBill)}${usd('capacityAtSlo', (value) => formatBill(value * 1000))}${usd('capacityAtSlo', (value) => count(Number((1000 / value).toPrecision(3))))}
  ${usd('thisLoad', formatBill)}${usd('saturation', formatBill)}</tr>`;
}

/** From a full machine without a promise to the fleet of the cost panel's first inputs. */
function waterfall(record: RunRecord, prices: readonly PriceOption[]): Html | undefined {
  const price = startingPrice(record, prices);
  const traffic = price === undefined ? undefined : startingTraffic(record, price);
  if (price === undefined || traffic === undefined) return undefined;
  const bill = fleetBill(traffic);
  const steps: [string, string, number][] = [
    ...sticker(record, price),
    ['promise', `the SLO is held, at ${perSecond(traffic.capacityPerS)} requests/s`, bill.fullUseUsdPer1000],
    [
      'idle',
      `whole machines for a peak of ${perSecond(bill.peakPerS)}/s, a mean of ${perSecond(traffic.meanPerS)}/s`,
      bill.fullUseUsdPer1000 * bill.idle,
    ],
    [
      'headroom',
      `${Math.round(traffic.headroom * 100)} % of each machine left free at the peak`,
      bill.fullUseUsdPer1000 * bill.idle * bill.headroom,
    ],
    ['spare', `${traffic.spare} may fail at the peak; the two reserves are not stacked`, bill.usdPer1000],
  ];
  const first = steps[0]?.[2] ?? bill.fullUseUsdPer1000;
  return html`<h3>From the sticker to the bill</h3>
  ${scrolling(
    'From the sticker to the bill',
    html`<table class="steps"><thead><tr><th scope="col">step</th><th scope="col">what is added</th><th scope="col" class="number">$ per 1,000</th><th scope="col" class="number">× the first</th></tr></thead>
  <tbody>${steps.map(([name, meaning, usd]) => html`<tr><th scope="row">${name}</th><td>${meaning}</td><td class="number">${formatBill(usd)}</td><td class="number">${(usd / first).toFixed(1)}</td></tr>`)}</tbody></table>`,
  )}
  <p class="note">${billWords(bill, price)} ${bracket(record, traffic)}</p>`;
}

/** The recommended setting's closed pass: what a machine does when nothing is promised. */
function sticker(record: RunRecord, price: PriceOption): [string, string, number][] {
  const proof = record.cases.find((one) => one.id === record.answer.capacity?.caseId);
  const closed = record.cases.find(
    (one) =>
      one.load.shape === 'closed' &&
      Object.entries(one.axes).every(([name, label]) => name === 'load' || proof?.axes[name] === label),
  );
  const cost = closed?.cost.find(
    ({ at, price: name, term }) => at === 'saturation' && name === price.name && term === price.term,
  );
  if (cost === undefined || isMissing(cost.usdPer1000)) return [];
  return [['sticker', 'saturation: the machine full, no promise kept', cost.usdPer1000]];
}

function billWords(bill: Bill, price: PriceOption): string {
  const machines = bill.machines === 1 ? '1 machine' : `${bill.machines} machines`;
  return `${machines}, ${formatBill(bill.usdPerMonth)} a month as ${price.name} ${price.term}, with the inputs that the cost panel starts with.`;
}

/** The true capacity lies between two rates that were tried; the fleet is reckoned anew at the other one. */
function bracket(record: RunRecord, traffic: Traffic): string {
  const { capacity } = record.answer;
  if (capacity?.brokenAtPerS === undefined) return '';
  const other = fleetBill({ ...traffic, capacityPerS: capacity.brokenAtPerS });
  return `Were the capacity as high as ${perSecond(capacity.brokenAtPerS)}/s, the next rate tried and not proven, it would be ${other.machines} and ${formatBill(other.usdPerMonth)}.`;
}
