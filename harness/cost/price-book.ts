import { nearestName, type Problem, UsageError } from '../errors.ts';
import { type CsvRow, parseCsv } from './csv.ts';

export const TERMS = ['on-demand', 'spot', 'own'] as const;
export type Term = (typeof TERMS)[number];

export interface Accelerator {
  /** `NVIDIA A10G` */
  readonly model: string;
  readonly count: number;
}

/** A machine with its list prices. A price that is not known is undefined, never 0. */
export interface PricedMachine {
  /** `aws/c7i.large`, `own/<name>` */
  readonly name: string;
  readonly region: string;
  /** Undefined where an owner did not say. */
  readonly vcpus?: number;
  readonly memoryGib?: number;
  readonly accelerator?: Accelerator;
  /** USD per hour of the whole machine, by term. */
  readonly usdPerHour: Readonly<Partial<Record<Term, number>>>;
  /** Date of the price, or `date unknown`. */
  readonly asOf: string;
  readonly source: string;
}

/** What one hour of a machine costs, with where that figure is from and its date. */
export interface Price {
  readonly machine: PricedMachine;
  readonly term: Term;
  readonly usdPerHour: number;
}

export interface PriceBook {
  readonly machines: readonly PricedMachine[];
}

const COLUMNS = [
  'provider',
  'instance_type',
  'region',
  'vcpus',
  'memory_gib',
  'on_demand_usd_per_hour',
  'as_of',
  'source',
];

/** Reads a price list in the columns of `prices/README.md`. Throws a UsageError with every problem of the file. */
export function parsePriceBook(csvText: string, file = 'prices.csv'): PriceBook {
  const { rows, problems } = parseCsv(csvText, file);
  const present = Object.keys(rows[0]?.cells ?? {});
  const absent = COLUMNS.filter((column) => !present.includes(column));
  if (rows.length > 0 && absent.length > 0) {
    throw new UsageError([{ file, line: 1, message: `columns missing: ${absent.join(', ')}` }]);
  }
  const machines = rows.map((row) => machineOf(row, file, problems));
  if (problems.length > 0) throw new UsageError(problems);
  return { machines };
}

function machineOf({ line, cells }: CsvRow, file: string, problems: Problem[]): PricedMachine {
  const text = (column: string) => cells[column] ?? '';
  const number = (column: string): number | undefined => {
    if (text(column) === '') return undefined;
    const value = Number(text(column));
    if (Number.isFinite(value) && value > 0) return value;
    problems.push({ file, line, field: column, message: `"${text(column)}" is not a number above 0` });
    return undefined;
  };
  const required = (column: string): number => {
    const before = problems.length;
    const value = number(column);
    if (value !== undefined) return value;
    if (problems.length === before) problems.push({ file, line, field: column, message: 'is empty' });
    return Number.NaN;
  };
  const currency = cells.currency ?? 'USD';
  if (currency !== 'USD')
    problems.push({ file, line, field: 'currency', message: `${currency}: only USD is known` });
  const onDemand = number('on_demand_usd_per_hour');
  const spot = number('spot_usd_per_hour');
  if (onDemand === undefined && spot === undefined)
    problems.push({ file, line, message: 'a machine without any price' });
  return {
    name: `${text('provider')}/${text('instance_type')}`,
    region: text('region'),
    vcpus: required('vcpus'),
    memoryGib: required('memory_gib'),
    ...(text('accelerator') === ''
      ? {}
      : { accelerator: { model: text('accelerator'), count: required('accelerator_count') } }),
    usdPerHour: {
      ...(onDemand === undefined ? {} : { 'on-demand': onDemand }),
      ...(spot === undefined ? {} : { spot }),
    },
    asOf: /^\d{4}-\d{2}-\d{2}$/.test(text('as_of')) ? text('as_of') : 'date unknown',
    source: text('source'),
  };
}

/** One book of several; of two machines with one name the later book's counts, so a user's own prices win. */
export function mergePriceBooks(books: readonly PriceBook[]): PriceBook {
  const byName = new Map<string, PricedMachine>();
  for (const machine of books.flatMap((book) => book.machines)) byName.set(machine.name, machine);
  return { machines: [...byName.values()] };
}

/** The price of a machine, or a UsageError that names the nearest machine or the terms that are known. Never 0. */
export function priceOf(book: PriceBook, name: string, term: Term = 'on-demand'): Price {
  const machine = book.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) {
    throw new UsageError(`no price for a machine named "${name}"`, suggestion(book, name));
  }
  // What one owns has one price, whatever was asked for.
  const asked = machine.usdPerHour.own === undefined ? term : 'own';
  const usdPerHour = machine.usdPerHour[asked];
  if (usdPerHour === undefined) {
    const known = Object.entries(machine.usdPerHour).map(([other, usd]) => `${other} $${usd}/h`);
    throw new UsageError(
      `the price book has no ${asked} price for ${name}`,
      `Known: ${known.join(', ')}. Give your own in a CSV file (--prices).`,
    );
  }
  return { machine, term: asked, usdPerHour };
}

function suggestion({ machines }: PriceBook, name: string): string {
  const names = machines.map((machine) => machine.name);
  const sameType = names.filter((known) => known.split('/')[1] === name);
  const near = sameType.length > 0 ? sameType.join(' or ') : nearestName(name, names);
  if (near !== undefined) return `Did you mean ${near}?`;
  const providers = [...new Set(names.map((known) => known.split('/')[0]))];
  return `Names are provider/type; providers: ${providers.join(', ')}. For your own machine: own/<name>.`;
}

/** `aws/c7i.large on-demand $0.08925/h (us-east-1, 2026-07-20)` */
export function describePrice({ machine, term, usdPerHour }: Price): string {
  return `${machine.name} ${term} $${usdPerHour}/h (${machine.region}, ${machine.asOf})`;
}
