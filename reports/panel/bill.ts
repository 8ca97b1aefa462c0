/*
 * The arithmetic of the cost panel. These functions run in three places: here, while the report is written; in the
 * tests; and in the page itself, which carries their source text (`PAGE_FUNCTIONS`). So they may use nothing from
 * outside this list, and nothing that is imported: what writes dollars is handed in.
 */
import { formatBill, formatUnitPrice, threeDigits } from '../../harness/record/wording.ts';

export interface Traffic {
  readonly usdPerHour: number;
  /** Requests per second that one machine carries at the SLO. */
  readonly capacityPerS: number;
  /** Predictions that one request asks for. */
  readonly rowsPerRequest: number;
  /** Requests per second, averaged over the month. */
  readonly meanPerS: number;
  readonly peakToMean: number;
  /** Share of a machine's capacity kept free at the peak, 0 to below 1. */
  readonly headroom: number;
  /** Machines that may fail at the peak without breaking the promise. */
  readonly spare: number;
}

export interface Bill {
  readonly machines: number;
  readonly peakPerS: number;
  readonly usdPerMonth: number;
  readonly usdPer1000: number;
  /** What 1,000 predictions cost on a machine that is always at its capacity. */
  readonly fullUseUsdPer1000: number;
  /** usdPer1000 / fullUseUsdPer1000 = idle x headroom x spare. */
  readonly timesFullUse: number;
  readonly idle: number;
  readonly headroom: number;
  readonly spare: number;
}

/**
 * machines = max(ceil(peak / (capacity x (1 - headroom))), ceil(peak / capacity) + spare): the two reserves are not
 * stacked. A month is 730 hours; the fleet is sized for the peak and is always on.
 */
export function fleetBill(traffic: Traffic): Bill {
  const wholeMachines = (load: number): number => Math.max(1, Math.ceil(load - 1e-9));
  const peakPerS = traffic.meanPerS * traffic.peakToMean;
  const bare = wholeMachines(peakPerS / traffic.capacityPerS);
  const withHeadroom = wholeMachines(peakPerS / (traffic.capacityPerS * (1 - traffic.headroom)));
  const machines = Math.max(withHeadroom, bare + traffic.spare);
  const usdPerMonth = machines * traffic.usdPerHour * 730;
  const usdPer1000 = (usdPerMonth / (traffic.meanPerS * traffic.rowsPerRequest * 3600 * 730)) * 1000;
  const fullUseUsdPer1000 =
    (traffic.usdPerHour / (traffic.capacityPerS * traffic.rowsPerRequest * 3600)) * 1000;
  return {
    machines,
    peakPerS,
    usdPerMonth,
    usdPer1000,
    fullUseUsdPer1000,
    timesFullUse: usdPer1000 / fullUseUsdPer1000,
    idle: (bare * traffic.capacityPerS) / traffic.meanPerS,
    headroom: withHeadroom / bare,
    spare: machines / withHeadroom,
  };
}

/** What is wrong with the inputs, or undefined. */
export function trafficProblem(traffic: Traffic): string | undefined {
  if (!(traffic.meanPerS > 0)) return 'Traffic must be above 0 requests per second.';
  if (!(traffic.peakToMean >= 1)) return 'Peak ÷ mean must be at least 1.';
  if (!(traffic.headroom >= 0 && traffic.headroom < 1)) return 'Headroom must be from 0 to below 100 %.';
  if (!(traffic.spare >= 0 && Number.isInteger(traffic.spare)))
    return 'Spare must be a whole number of machines.';
  return undefined;
}

/** The panel's lines, ready to print; `usd` writes an amount. */
export function billLines(
  bill: Bill,
  usd: (amount: number) => string,
): {
  per1000: string;
  perMonth: string;
  machines: string;
  factor: string;
  causes: string;
} {
  const times = (factor: number): string => `×${factor.toFixed(1)}`;
  return {
    per1000: usd(bill.usdPer1000),
    perMonth: usd(bill.usdPerMonth),
    machines: bill.machines.toLocaleString('en-US'),
    factor: `${bill.timesFullUse.toFixed(1)} times the ${usd(bill.fullUseUsdPer1000)} of a machine that is always full:`,
    causes: `idle ${times(bill.idle)}, headroom ${times(bill.headroom)}, spare ${times(bill.spare)}`,
  };
}

/** A machine's price under one set of terms, as data: the caller reads the price book. */
export interface PriceOption {
  /** `aws/c7i.large` */
  readonly name: string;
  readonly term: string;
  readonly usdPerHour: number;
  readonly source: string;
  readonly asOf: string;
  readonly vcpus?: number | undefined;
  readonly memoryGib?: number | undefined;
  /** `NVIDIA A10G x 1`; absent for a machine without one. */
  readonly accelerator?: string | undefined;
}

/** What was measured, for the words beside a price. */
export interface MeasuredFacts {
  readonly measuredOn: string;
  /** The price-book name of that machine, where it has one. */
  readonly measuredAs?: string;
}

/** Under what assumption this price may stand beside that measurement. */
export function priceWords(price: PriceOption, { measuredOn, measuredAs }: MeasuredFacts): string {
  const terms = `$${price.usdPerHour} per hour ${price.term}, price of ${price.asOf}.`;
  if (price.name === measuredAs) return `Measured on this machine. ${terms}`;
  const what = price.accelerator ? `${price.name} (${price.accelerator})` : price.name;
  return `What-if: measured on ${measuredOn}, not on ${what}; the same throughput is assumed. ${terms}`;
}

/** What the page's own script calls by name. */
export const PAGE_FUNCTIONS = [
  fleetBill,
  threeDigits,
  formatUnitPrice,
  formatBill,
  trafficProblem,
  billLines,
  priceWords,
];
