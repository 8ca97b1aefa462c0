import { costsOfCase } from '../../cost/cost.ts';
import { loadPriceBook } from '../../cost/load-price-book.ts';
import { choosePricing, priceFor, ranOnOf } from '../../cost/nearest-machine.ts';
import type { PriceBook } from '../../cost/price-book.ts';
import { promiseKept } from '../../gates/budget.ts';
import { findingsOf, mostUsefulFirst } from '../../gates/findings.ts';
import { budgetsOf, gatesOfCase } from '../../gates/gate-run.ts';
import { mlperfResult } from '../../gates/mlperf.ts';
import { expressionsOf, recommend } from '../../gates/recommend.ts';
import { promisedPercentile } from '../../gates/settings.ts';
import type { Answer } from '../../record/answer.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { isMissing } from '../../record/figures.ts';
import { notice } from '../../record/notices.ts';
import type { NoticeRecord, RunRecord } from '../../record/run-record.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { Headline } from './case-judgement.ts';
import { caseNotices } from './case-notices.ts';
import { hostNotices } from './host-notices.ts';

/** The prices that a scenario asks for. Throws UsageError for a name that has none, before anything is sent. */
export function pricesFor({
  decide,
  labels,
  settings,
}: Pick<Scenario, 'decide' | 'labels' | 'settings'>): PriceBook {
  const book = loadPriceBook();
  const { machine, term } = decide.price;
  const declared = settings.map(({ target }) => (target.kind === 'external' ? target.machine : undefined));
  // `auto` takes the machine that the user says it is, where one is said.
  const names = machine === 'auto' ? [labels.machine, ...declared] : [machine];
  for (const name of names) if (name !== undefined) priceFor(book, name, term);
  return book;
}

/** The percentile that a case must be able to show: the one that the SLO promises, p99 where there is none. */
export function headlineOf({ decide }: Scenario): Headline {
  return promisedPercentile(expressionsOf(decide.slo));
}

/** Adds to a measured case what the scenario decides by: its costs and its gates. */
export function withDecisions(
  measured: Omit<CaseRecord, 'cost' | 'gates'>,
  head: Pick<RunRecord, 'environment' | 'labels' | 'decide'>,
  prices: PriceBook,
): CaseRecord {
  const record: CaseRecord = { ...measured, cost: [], gates: [] };
  const pricing = choosePricing(prices, head.decide.price, ranOnOf({ ...head, cases: [record] }));
  const kept = promiseKept(record, expressionsOf(head.decide.slo));
  const mlperf = mlperfResult(measured, expressionsOf(head.decide.slo));
  return {
    ...record,
    ...(mlperf === undefined ? {} : { mlperf }),
    cost: isMissing(pricing) ? [] : costsOfCase(record, pricing.price, pricing.basis, kept),
    gates: gatesOfCase(record, budgetsOf(head.decide.gates)),
  };
}

export function answerOf(record: RunRecord): Answer {
  return recommend(record);
}

/** Everything worth knowing about the run as a whole, the most useful first. */
export function noticesOf(record: RunRecord, prices: PriceBook): NoticeRecord[] {
  return mostUsefulFirst([
    ...findingsOf(record),
    ...caseNotices(record),
    ...hostNotices(record),
    ...record.notices,
    ...pricedAs(record, prices),
  ]);
}

function pricedAs(record: RunRecord, prices: PriceBook): NoticeRecord[] {
  if (record.cases.length === 0) return [];
  const pricing = choosePricing(prices, record.decide.price, ranOnOf(record));
  if (isMissing(pricing)) return [];
  return [notice('priced-as', { machine: pricing.price.machine.name, why: pricing.whatIf ?? pricing.why })];
}
