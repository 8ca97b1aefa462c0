import type { WrittenRate } from './rate-law.ts';

/**
 * Quantities as people write them: "30s", "250ms", "200/s", "8MiB", "40%", "512 rows".
 * A bare number is never guessed at: the problem says which unit is missing and what to write instead.
 */
export type Reading<T> =
  | { readonly value: T }
  | { readonly problem: string /** What to write instead. */; readonly advice?: string };

export function isProblem<T>(reading: Reading<T>): reading is Extract<Reading<T>, { problem: string }> {
  return 'problem' in reading;
}

interface Kind {
  readonly noun: string;
  readonly example: string;
  /** Unit as written -> factor to the unit that the program computes in. */
  readonly units: Readonly<Record<string, number>>;
  /** The unit that a bare number most likely meant. */
  readonly likely: string;
  readonly orElse?: string;
}

const DURATION: Kind = {
  noun: 'a duration',
  example: '250ms, 30s, 2m, 1h',
  units: { us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 },
  likely: 'ms',
  orElse: 's',
};
const RATE: Kind = {
  noun: 'a rate',
  example: '200/s, 12000/min',
  units: { '/s': 1, '/min': 1 / 60, '/h': 1 / 3600 },
  likely: '/s',
};
const RATE_OR_SHARE: Kind = { ...RATE, example: '200/s, 12000/min, 40%', orElse: '%' };
const PERCENTAGE: Kind = { noun: 'a percentage', example: '40%, 0.1%', units: { '%': 0.01 }, likely: '%' };
const ROWS: Kind = {
  noun: 'a number of rows',
  example: '512 rows',
  units: { rows: 1, row: 1 },
  likely: ' rows',
};

const SIZE: Kind = {
  noun: 'a size',
  example: '64MiB, 512kB, 2GiB',
  units: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 },
  likely: 'MiB',
};

/** "250ms" -> 250. Milliseconds. */
export function parseDuration(found: unknown): Reading<number> {
  return parse(found, DURATION);
}

/** "200/s" -> 200. Per second. */
export function parseRate(found: unknown): Reading<number> {
  return parse(found, RATE);
}

/** "40%" -> 0.4. A fraction. */
export function parsePercentage(found: unknown): Reading<number> {
  return parse(found, PERCENTAGE, (bare) => (bare > 0 && bare < 1 ? tidy(bare * 100) : bare));
}

/** "200/s" -> 200, "40%" -> { share: 0.4 }. */
export function parseRateOrShare(found: unknown): Reading<WrittenRate> {
  if (!/%\s*$/.test(word(found))) return parse(found, RATE_OR_SHARE);
  const share = parsePercentage(found);
  return isProblem(share) ? share : { value: { share: share.value } };
}

/** "512 rows" -> 512. */
export function parseRows(found: unknown): Reading<number> {
  const reading = parse(found, ROWS);
  if (isProblem(reading) || Number.isInteger(reading.value)) return reading;
  return {
    problem: `found ${show(found)}; rows are whole`,
    advice: `write ${Math.round(reading.value)} rows`,
  };
}

/** "64MiB" -> 67108864. Whole bytes. */
export function parseSize(found: unknown): Reading<number> {
  const reading = parse(found, SIZE);
  if (isProblem(reading) || Number.isSafeInteger(reading.value)) return reading;
  return { problem: `found ${show(found)}; bytes are whole`, advice: `write ${Math.round(reading.value)}B` };
}

const NUMBER_THEN_UNIT = /^(\d+(?:\.\d+)?|\.\d+)\s*(\D*)$/u;

/** @param likelyMeant turns a bare number into the number to suggest with its unit. */
function parse(
  found: unknown,
  kind: Kind,
  likelyMeant: (bare: number) => number = (bare) => bare,
): Reading<number> {
  const match = NUMBER_THEN_UNIT.exec(word(found).trim().replaceAll('_', ''));
  if (match === null) {
    return {
      problem: `found ${show(found)}; ${kind.noun} is a number with its unit`,
      advice: `as in ${kind.example}`,
    };
  }
  const amount = Number(match[1]);
  const unit = (match[2] ?? '').trim();
  if (unit === '') {
    return {
      problem: `found ${show(found)}; ${kind.noun} carries its unit`,
      advice: `write ${likelyMeant(amount)}${kind.likely}${kind.orElse === undefined ? '' : ` or ${amount}${kind.orElse}`}`,
    };
  }
  const factor =
    kind.units[unit] ?? Object.entries(kind.units).find(([name]) => sameIgnoringCase(name, unit))?.[1];
  if (factor === undefined) {
    return {
      problem: `found ${show(found)}; "${unit}" is not a unit of ${kind.noun.replace(/^an? /, '')}`,
      advice: `allowed: ${Object.keys(kind.units).join(', ')}`,
    };
  }
  return { value: tidy(amount * factor) };
}

function sameIgnoringCase(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Removes the last bits that a decimal factor adds: 0.1 x 0.01 is 0.001, not 0.0010000000000000002. */
function tidy(value: number): number {
  return Number(value.toPrecision(15));
}

/** A text or number as a text; empty for all else. Not `String(found)`, which fails for a map with a key `toString`. */
export function word(found: unknown): string {
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** What the user wrote, as it should be quoted back. */
export function show(found: unknown): string {
  if (typeof found === 'string') return `"${found}"`;
  if (found === undefined) return 'nothing';
  return JSON.stringify(found);
}
