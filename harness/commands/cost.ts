import { readFileSync } from 'node:fs';
import { type Ranged, rowsPerRequest, usdPer1000 } from '../cost/cost.ts';
import { idealAutoscaling, planFleet, type Reserve } from '../cost/fleet.ts';
import { loadPriceBook } from '../cost/load-price-book.ts';
import { choosePricing, type Pricing, ranOnOf } from '../cost/nearest-machine.ts';
import { TERMS, type Term } from '../cost/price-book.ts';
import { parseTrafficDay, parseTrafficRate, type Traffic } from '../cost/traffic.ts';
import { EXIT, type ExitCode, UsageError } from '../errors.ts';
import { expressionsOf } from '../gates/recommend.ts';
import { type SettingResult, settingsOf } from '../gates/settings.ts';
import { isMissing } from '../record/figures.ts';
import { ranHere } from '../record/ran-here.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { CostAnswer, FleetAnswer, PricedSetting } from './cost-answer.ts';
import { costText } from './cost-text.ts';

export interface CostOptions {
  /** A price-book name, `own/<name>:purchase=…`, or `auto`. Default: what the scenario says. */
  readonly price?: string;
  /** A CSV file of one's own prices. */
  readonly prices?: string;
  readonly term?: string;
  /** `500/s`, `500/s peak 1250/s`, or a CSV file of a day. */
  readonly traffic?: string;
  /** Fraction, default 0.3. */
  readonly headroom?: number;
  /** Default 1. */
  readonly spare?: number;
}

export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
  readonly exitCode: ExitCode;
}

/** What the predictions of a run cost: per setting at its capacity, and as a fleet for a traffic. Throws UsageError. */
export function costCommand(record: RunRecord, options: CostOptions = {}): CommandResult {
  const traffic = options.traffic === undefined ? undefined : readTraffic(options.traffic);
  const reserve = readReserve(options);
  const term = readTerm(options.term ?? record.decide.price.term);
  const book = loadPriceBook(options.prices);
  const machine = options.price ?? record.decide.price.machine;
  const pricing = choosePricing(book, { machine, term }, ranOnOf(record));
  if (isMissing(pricing))
    throw new UsageError(`no price: ${pricing.missing}`, 'Name a machine: --price aws/c7i.large');
  const settings = settingsOf(record.cases, expressionsOf(record.decide.slo));
  const priced = settings.map((setting) => priceSetting(setting, pricing));
  const chosen = recommended(settings, record) ?? settings[cheapest(priced)];
  const fleet =
    traffic === undefined || chosen === undefined ? undefined : fleetOf(chosen, pricing, traffic, reserve);
  const answer: CostAnswer = {
    run: { id: record.id, scenario: record.scenario.name, slo: record.decide.slo },
    pricing,
    sharedCores: record.cases.some(ranHere),
    settings: priced,
    ...(fleet === undefined ? {} : { fleet: { ...fleet, reserve } }),
  };
  const answered = priced.some((setting) => setting.usdPer1000 !== undefined);
  return { text: costText(answer), json: answer, exitCode: answered ? EXIT.ok : EXIT.cannotAnswer };
}

function readTerm(text: string): Term {
  const term = TERMS.find((known) => known === text);
  if (term === undefined) throw new UsageError(`--term ${text}: known are ${TERMS.join(', ')}`);
  return term;
}

function readReserve({ headroom = 0.3, spare = 1 }: CostOptions): Reserve {
  if (!(headroom >= 0 && headroom < 1))
    throw new UsageError('--headroom is from 0% to below 100%', 'As in --headroom 30%');
  if (!Number.isInteger(spare) || spare < 0)
    throw new UsageError('--spare is a whole number of machines', 'As in --spare 1');
  return { headroom, spare };
}

function readTraffic(text: string): Traffic {
  if (!text.endsWith('.csv')) return parseTrafficRate(text);
  try {
    return parseTrafficDay(readFileSync(text, 'utf8'), text);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read the traffic ${text}: ${(error as Error).message}`);
  }
}

function priceSetting({ axes, best, steps, saturation }: SettingResult, { price }: Pricing): PricedSetting {
  const sticker = saturation?.throughput.rowsPerS;
  const atSaturation =
    sticker === undefined || sticker === 0
      ? {}
      : { usdPer1000AtSaturation: usdPer1000(price.usdPerHour, sticker) };
  if (best === undefined) {
    const unkept = steps[0]?.judgements.find(({ outcome }) => outcome !== 'pass');
    return { axes, why: unkept?.message ?? 'no promise was tested at an offered rate', ...atSaturation };
  }
  return {
    axes,
    requestsPerS: best.requestsPerS,
    usdPer1000: usdPer1000(price.usdPerHour, best.rowsPerS),
    ...atSaturation,
  };
}

/** The setting that the run's answer names, where it is priced. */
function recommended(settings: readonly SettingResult[], { answer }: RunRecord): SettingResult | undefined {
  const asked = JSON.stringify(answer.setting);
  return settings.find(({ axes, best }) => best !== undefined && JSON.stringify(axes) === asked);
}

/** Index of the setting whose predictions cost least: at one price, that of highest capacity. */
function cheapest(settings: readonly PricedSetting[]): number {
  const prices = settings.map((setting) => setting.usdPer1000 ?? Number.POSITIVE_INFINITY);
  return prices.every((price) => price === Number.POSITIVE_INFINITY)
    ? -1
    : prices.indexOf(Math.min(...prices));
}

function fleetOf(
  { axes, best, next }: SettingResult,
  pricing: Pricing,
  traffic: Traffic,
  reserve: Reserve,
): FleetAnswer | undefined {
  if (best === undefined) return undefined;
  // The true capacity lies between the step that held and the next one.
  const capacity: Ranged = {
    value: best.requestsPerS,
    ...(next === undefined ? {} : { low: best.requestsPerS, high: next.requestsPerS }),
  };
  const input = {
    traffic,
    capacity,
    usdPerHour: pricing.price.usdPerHour,
    reserve,
    rowsPerRequest: rowsPerRequest(best.record),
  };
  const plan = planFleet(input);
  return {
    axes,
    traffic,
    capacity,
    plan,
    ...(traffic.segments.length > 1 ? { autoscaled: idealAutoscaling(input) } : {}),
  };
}
