import type { PriceOption } from '../../reports/panel/bill.ts';
import { choosePricing, ranOnOf } from '../cost/nearest-machine.ts';
import { type PriceBook, type PricedMachine, TERMS } from '../cost/price-book.ts';
import { isMissing } from '../record/figures.ts';
import type { RunRecord } from '../record/run-record.ts';

/** What the cost panel offers: the run's own price first, then every machine of the book under each of its terms. */
export function priceOptions(book: PriceBook, record: RunRecord): PriceOption[] {
  const all = book.machines.flatMap(optionsOf);
  const pricing = choosePricing(book, record.decide.price, ranOnOf(record));
  if (isMissing(pricing)) return all;
  const { machine, term } = pricing.price;
  const isOwn = (option: PriceOption) => option.name === machine.name && option.term === term;
  return [...optionsOf(machine).filter(isOwn), ...all.filter((option) => !isOwn(option))];
}

function optionsOf(machine: PricedMachine): PriceOption[] {
  const { name, source, asOf, vcpus, memoryGib, accelerator } = machine;
  return TERMS.flatMap((term) => {
    const usdPerHour = machine.usdPerHour[term];
    if (usdPerHour === undefined) return [];
    const device = accelerator === undefined ? undefined : `${accelerator.model} x ${accelerator.count}`;
    return [{ name, term, usdPerHour, source, asOf, vcpus, memoryGib, accelerator: device }];
  });
}
