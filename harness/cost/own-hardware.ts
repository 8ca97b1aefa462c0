import { type Problem, UsageError } from '../errors.ts';
import type { PricedMachine } from './price-book.ts';

/** 12 months of 730 hours, the month that every bill here is counted in. */
const HOURS_PER_YEAR = 8760;

const EXAMPLE = 'own/box:purchase=4200,lifetime=3y,power=220W,energy=0.12/kWh,cores=16,memory=64GiB';

const FIELDS: Readonly<Record<string, { pattern: RegExp; form: string }>> = {
  purchase: { pattern: /^\$?(\d+(?:\.\d+)?)$/, form: 'USD, as 4200' },
  lifetime: { pattern: /^(\d+(?:\.\d+)?)y$/, form: 'years, as 3y' },
  power: { pattern: /^(\d+(?:\.\d+)?)W$/, form: 'mean watts, as 220W' },
  energy: { pattern: /^\$?(\d+(?:\.\d+)?)\/kWh$/, form: 'USD per kWh, as 0.12/kWh' },
  cores: { pattern: /^(\d+)$/, form: 'hardware threads, as 16' },
  memory: { pattern: /^(\d+(?:\.\d+)?)GiB$/, form: 'as 64GiB' },
};
const REQUIRED = ['purchase', 'lifetime', 'power', 'energy'];

/** A description to parse, rather than a name in a price book. */
export function describesOwnHardware(text: string): boolean {
  return text.startsWith('own/') && text.includes(':');
}

/**
 * Reads `own/<name>:purchase=4200,lifetime=3y,power=220W,energy=0.12/kWh[,cores=16,memory=64GiB]`.
 * USD per hour = purchase / (years x 8,760 h) + kW x USD per kWh: hardware that is always on.
 */
export function parseOwnHardware(text: string): PricedMachine {
  const match = /^(own\/[\w.-]+):(.+)$/.exec(text.trim());
  if (match === null)
    throw new UsageError(`"${text}" does not describe own hardware`, `Write it as ${EXAMPLE}`);
  const [, name = '', list = ''] = match;
  const { values, problems } = readFields(list);
  if (problems.length > 0) throw new UsageError(problems);
  const { purchase = 0, lifetime = 1, power = 0, energy = 0 } = values;
  const usdPerHour = purchase / (lifetime * HOURS_PER_YEAR) + (power / 1000) * energy;
  return {
    name,
    region: 'own',
    ...(values.cores === undefined ? {} : { vcpus: values.cores }),
    ...(values.memory === undefined ? {} : { memoryGib: values.memory }),
    usdPerHour: { own: Number(usdPerHour.toPrecision(6)) },
    asOf: 'as given',
    source: `${purchase} USD over ${lifetime} years of 8,760 h + ${power} W at ${energy} USD/kWh, always on`,
  };
}

function readFields(list: string): { values: Partial<Record<string, number>>; problems: Problem[] } {
  const values: Partial<Record<string, number>> = {};
  const problems: Problem[] = [];
  for (const pair of list.split(',')) {
    const [field = '', given = ''] = pair.split('=').map((part) => part.trim());
    const known = FIELDS[field];
    const value = Number(known?.pattern.exec(given)?.[1]);
    if (known === undefined)
      problems.push({ field, message: `unknown; known are ${Object.keys(FIELDS).join(', ')}` });
    else if (!(value > 0) && !(value === 0 && field === 'purchase')) {
      problems.push({ field, message: `"${given}" is not ${known.form}` });
    } else values[field] = value;
  }
  const absent = REQUIRED.filter((field) => values[field] === undefined && !list.includes(`${field}=`));
  for (const field of absent)
    problems.push({ field, message: 'is missing', advice: `Write it as ${EXAMPLE}` });
  return { values, problems };
}
