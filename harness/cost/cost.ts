import type { CostRecord } from '../record/answer.ts';
import type { CaseRecord } from '../record/case-record.ts';
import { type Figure, isMissing, type Missing } from '../record/figures.ts';
import type { Price } from './price-book.ts';

/** A figure with the ends of its interval; the ends are absent where there is no interval. */
export interface Ranged {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** USD per 1,000 predictions of a machine that is busy all the time: USD per hour / (rows per second x 3.6). */
export function usdPer1000(usdPerHour: number, rowsPerS: number): number {
  return usdPerHour / (rowsPerS * 3.6);
}

/** Whether a case's promise is proven at its rate; a reason where it is not. */
export type SloHeld = 'held' | Missing;

export type Basis = CostRecord['basis'];

/**
 * The costs of one case. A closed pass has a price at saturation and no other. An open-loop case has the price at
 * this load (price / offered load, so never a ranking) and, where its SLO is proven, the price of that rate.
 */
export function costsOfCase(record: CaseRecord, price: Price, basis: Basis, slo: SloHeld): CostRecord[] {
  const at = (place: CostRecord['at'], figure: Figure): CostRecord => ({
    price: price.machine.name,
    term: price.term,
    usdPerHour: price.usdPerHour,
    usdPer1000: figure,
    at: place,
    basis,
    source: price.machine.source,
    asOf: price.machine.asOf,
  });
  const carried = priceOfRate(price, record.throughput.rowsPerS);
  if (record.load.shape === 'closed') return [at('saturation', carried)];
  return [at('capacityAtSlo', priceAtSlo(record, price, slo)), at('thisLoad', carried)];
}

function priceAtSlo(record: CaseRecord, price: Price, slo: SloHeld): Figure {
  if (record.credibility.status === 'overloaded') return { missing: 'overloaded: it cannot carry this rate' };
  if (isMissing(slo)) return slo;
  const { resolvedRate } = record.load;
  if (resolvedRate === undefined) return { missing: 'no offered rate was recorded' };
  return priceOfRate(price, resolvedRate * rowsPerRequest(record));
}

function priceOfRate({ usdPerHour }: Price, rowsPerS: number): Figure {
  return rowsPerS > 0 ? usdPer1000(usdPerHour, rowsPerS) : { missing: 'nothing was predicted' };
}

/** Mean rows of an answered request; 1 where none was answered. */
export function rowsPerRequest({ rows, counts }: CaseRecord): number {
  return counts.ok > 0 ? rows / counts.ok : 1;
}
