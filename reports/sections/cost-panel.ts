import type { CostRecord } from '../../harness/record/answer.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { formatBill } from '../../harness/record/wording.ts';
import { type Html, html, jsonBlock } from '../html.ts';
import {
  billLines,
  fleetBill,
  type MeasuredFacts,
  type PriceOption,
  priceWords,
  type Traffic,
  trafficProblem,
} from '../panel/bill.ts';
import { describeMachine } from '../views.ts';

/** The price that the panel starts with: that of the run's own cost, else the first of the list. */
export function startingPrice(record: RunRecord, prices: readonly PriceOption[]): PriceOption | undefined {
  const own = ownCost(record);
  const listed = prices.find((price) => price.name === own?.price && price.term === own.term);
  if (listed !== undefined || own === undefined) return listed ?? prices[0];
  return { name: own.price, term: own.term, usdPerHour: own.usdPerHour, source: own.source, asOf: own.asOf };
}

function ownCost(record: RunRecord): CostRecord | undefined {
  const proof = record.cases.find((one) => one.id === record.answer.capacity?.caseId);
  return proof?.cost[0] ?? record.cases.flatMap((one) => one.cost)[0];
}

export function costPanel(record: RunRecord, prices: readonly PriceOption[]): Html {
  const { capacity } = record.answer;
  const price = startingPrice(record, prices);
  const traffic = price && startingTraffic(record, price);
  if (price === undefined || traffic === undefined) {
    const reason =
      capacity === undefined
        ? 'No setting has been proven to hold the SLO at any rate, so nothing here can be sold: there is no price.'
        : 'No price list was given to this report.';
    return html`<section class="card panel" aria-labelledby="cost"><h2 id="cost">What it would cost</h2><p class="none">${reason}</p></section>`;
  }
  const options = prices.some((one) => one.name === price.name && one.term === price.term)
    ? prices
    : [price, ...prices];
  const facts = measuredFacts(record);
  return html`<section class="card panel" aria-labelledby="cost">
  <h2 id="cost">What it would cost</h2>
  ${inputs(traffic, price, options)}
  ${outputs(traffic)}
  <p class="what-if" id="what-if">${priceWords(price, facts)}</p>
  <p class="source" id="bill-source">Source: ${price.source}</p>
  ${jsonBlock('cost-data', panelData(facts, options, traffic))}
</section>`;
}

/** The panel's first inputs: half of one machine's capacity as the mean. Undefined where no capacity is proven. */
export function startingTraffic({ answer }: RunRecord, price: PriceOption): Traffic | undefined {
  const { capacity } = answer;
  if (capacity === undefined) return undefined;
  return {
    usdPerHour: price.usdPerHour,
    capacityPerS: capacity.requestsPerS,
    rowsPerRequest: capacity.rowsPerS / capacity.requestsPerS,
    meanPerS: roundDown(capacity.requestsPerS / 2),
    peakToMean: 2.5,
    headroom: 0.3,
    spare: 1,
  };
}

/** One significant digit: 536 -> 500. */
function roundDown(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.max(Math.floor(value / unit) * unit, Number.MIN_VALUE);
}

function inputs(traffic: Traffic, price: PriceOption, options: readonly PriceOption[]): Html {
  const names = [...new Set(options.map(({ name }) => name))];
  const terms = [...new Set(options.filter(({ name }) => name === price.name).map(({ term }) => term))];
  const option = (value: string, chosen: string): Html =>
    value === chosen ? html`<option selected>${value}</option>` : html`<option>${value}</option>`;
  return html`<form id="cost-form" autocomplete="off">
    <label>machine <select name="machine">${names.map((name) => option(name, price.name))}</select></label>
    <label>term <select name="term">${terms.map((term) => option(term, price.term))}</select></label>
    <label>traffic, requests/s <input name="mean" type="number" min="0" step="any" inputmode="decimal" value="${traffic.meanPerS}"></label>
    <label>peak ÷ mean <input name="peak" type="number" min="1" step="any" inputmode="decimal" value="${traffic.peakToMean}"></label>
    <label>headroom, % <input name="headroom" type="number" min="0" max="99" step="any" inputmode="decimal" value="${traffic.headroom * 100}"></label>
    <label>spare machines <input name="spare" type="number" min="0" step="1" inputmode="numeric" value="${traffic.spare}"></label>
  </form>`;
}

function outputs(traffic: Traffic): Html {
  const problem = trafficProblem(traffic);
  const lines = billLines(fleetBill(traffic), formatBill);
  return html`<dl class="bill" id="bill" aria-live="polite">
    <div class="main"><dt>per 1,000 predictions</dt><dd id="bill-per1000">${lines.per1000}</dd></div>
    <div><dt>per month</dt><dd id="bill-perMonth">${lines.perMonth}</dd></div>
    <div><dt>machines</dt><dd id="bill-machines">${lines.machines}</dd></div>
  </dl>
  <p class="factor"><span id="bill-factor">${problem ?? lines.factor}</span> <span id="bill-causes" class="causes">${lines.causes}</span></p>`;
}

/** What the script needs to do the same sums for other inputs. */
function panelData(facts: MeasuredFacts, options: readonly PriceOption[], traffic: Traffic) {
  return {
    ...facts,
    capacityPerS: traffic.capacityPerS,
    rowsPerRequest: traffic.rowsPerRequest,
    prices: options,
  };
}

function measuredFacts(record: RunRecord): MeasuredFacts {
  const own = ownCost(record);
  const measuredOn = describeMachine(record);
  return own?.basis === 'measured-on-this-machine' ? { measuredOn, measuredAs: own.price } : { measuredOn };
}
