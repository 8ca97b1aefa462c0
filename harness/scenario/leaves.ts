import { z } from 'zod';
import { nearestName } from '../errors.ts';
import { parseExpression } from './expression.ts';
import type { Arrivals } from './load-spec.ts';
import {
  isProblem,
  parseDuration,
  parsePercentage,
  parseRate,
  parseRateOrShare,
  parseRows,
  parseSize,
  type Reading,
  show,
  word,
} from './quantities.ts';
import type { WrittenRate } from './rate-law.ts';

/**
 * The kinds of value that a scenario field can hold. Each reads anything at all and answers with a value or
 * a problem in the user's words, so that a message never comes from the schema library.
 */
type JsonType = Readonly<Record<string, unknown>>;

/** A field with a reader of its own. */
export function leaf<T>(description: string, json: JsonType, read: (found: unknown) => Reading<T>) {
  return z
    .unknown()
    .transform((found, context): T => {
      const reading = found === undefined || found === null ? nothing(description) : read(found);
      if (!isProblem(reading)) return reading.value;
      context.addIssue({ code: 'custom', message: reading.problem, params: { advice: reading.advice } });
      return z.NEVER;
    })
    .meta({ description, ...json });
}

function nothing(description: string): { problem: string; advice: string } {
  return { problem: 'found nothing; it is required', advice: `it is: ${description}` };
}

/** `250ms`; gives milliseconds. */
export function duration(description: string, bound: { positive: boolean } = { positive: false }) {
  return leaf(description, quantityJson(['250ms', '30s', '2m']), (found) => {
    const reading = parseDuration(found);
    if (isProblem(reading) || reading.value > 0 || !bound.positive) return reading;
    return { problem: `found ${show(found)}; it must be longer than nothing` };
  });
}

export function yesNo(description: string) {
  return leaf(description, { type: 'boolean' }, (found) =>
    typeof found === 'boolean' ? { value: found } : { problem: `found ${show(found)}; allowed: true, false` },
  );
}

/** `200/s`; gives requests per second. */
export function rate(description: string) {
  return leaf(description, quantityJson(['200/s', '12000/min']), (found) => {
    if (!word(found).trim().endsWith('%')) return positive(parseRate(found), found);
    const problem = `found ${show(found)}; this rate is in requests per second`;
    return {
      problem,
      advice: `as in 200/s; a share of the best saturation is load: { ladder: { steps: [${word(found)}] } }`,
    };
  });
}

/** The same, or `40%` of what the closed pass reaches; above zero unless `orNone`. */
export function rateOrShare(description: string, { orNone } = { orNone: false }) {
  const examples = ['200/s', '40%', ...(orNone ? ['0/s'] : [])];
  return leaf<WrittenRate>(description, quantityJson(examples), (found) => {
    const reading = parseRateOrShare(found);
    if (isProblem(reading) || orNone || !isNone(reading.value)) return reading;
    return { problem: `found ${show(found)}; it must be above zero` };
  });
}

export function isNone(rate: WrittenRate | undefined): boolean {
  return rate === 0 || (typeof rate === 'object' && rate.share === 0);
}

/** `even`, `poisson` or `gamma(cv)`. */
export function arrivals(description: string) {
  const json = { type: 'string', examples: ['even', 'poisson', 'gamma(2)'] };
  return leaf<Arrivals>(description, json, (found) => {
    if (found === 'even' || found === 'poisson') return { value: found };
    const [, cv] = /^gamma\((\d+(?:\.\d+)?|\.\d+)\)$/.exec(word(found).replaceAll(' ', '')) ?? [];
    if (Number(cv) >= LEAST_CV && Number(cv) <= MOST_CV) return { value: { gamma: Number(cv) } };
    return {
      problem: `found ${show(found)}; allowed: even, poisson, gamma(cv)`,
      advice: `cv from ${LEAST_CV} to ${MOST_CV}: the deviation of the gaps over their mean`,
    };
  });
}

/** The `cv` of gamma arrivals by itself. */
export function variation(description: string) {
  return leaf<number>(description, { type: 'number', minimum: LEAST_CV, maximum: MOST_CV }, (found) =>
    typeof found === 'number' && found >= LEAST_CV && found <= MOST_CV
      ? { value: found }
      : {
          problem: `found ${show(found)}; allowed: a number from ${LEAST_CV} to ${MOST_CV}`,
          advice: '1 is poisson, above 1 comes in bursts',
        },
  );
}

const LEAST_CV = 0.05;
const MOST_CV = 20;

/** `40%`; gives a fraction. */
export function percentage(description: string) {
  return leaf(description, quantityJson(['10%', '40%']), (found) => positive(parsePercentage(found), found));
}

/** `512 rows`; gives rows. */
export function rowsQuantity(description: string) {
  return leaf(description, quantityJson(['512 rows']), (found) => positive(parseRows(found), found));
}

/** `64MiB`; gives bytes. */
export function size(description: string) {
  return leaf(description, quantityJson(['64MiB', '2GiB']), (found) => positive(parseSize(found), found));
}

function quantityJson(examples: readonly string[]): JsonType {
  return { type: 'string', pattern: '^[0-9.]', examples };
}

function positive(reading: Reading<number>, found: unknown): Reading<number> {
  if (isProblem(reading) || reading.value > 0) return reading;
  return { problem: `found ${show(found)}; it must be above zero` };
}

/** A whole number without a unit: the field's name says what is counted. */
export function whole(description: string, minimum: number, maximum: number) {
  return leaf<number>(description, { type: 'integer', minimum, maximum }, (found) => {
    if (typeof found === 'number' && Number.isInteger(found) && found >= minimum && found <= maximum) {
      return { value: found };
    }
    const meant = typeof found === 'string' ? /^\d+/.exec(found)?.[0] : undefined;
    return {
      problem: `found ${show(found)}; allowed: a whole number from ${minimum} to ${maximum}`,
      ...(meant === undefined ? {} : { advice: `write ${meant}` }),
    };
  });
}

/** Whole numbers in ascending order, none twice; an empty list says none. */
export function wholesAscending(description: string, minimum: number, maximum: number) {
  const items = { type: 'integer', minimum, maximum };
  return leaf<readonly number[]>(description, { type: 'array', items }, (found) => {
    const legal =
      Array.isArray(found) &&
      found.every((each, index) => {
        const above = index === 0 || each > found[index - 1];
        return Number.isInteger(each) && each >= minimum && each <= maximum && above;
      });
    if (legal) return { value: found as readonly number[] };
    const allowed = `a list of whole numbers from ${minimum} to ${maximum}, in ascending order`;
    return { problem: `found ${show(found)}; allowed: ${allowed}`, advice: 'write them as [8, 16]' };
  });
}

/** A whole number, or `auto`. */
export function wholeOrAuto(description: string, minimum: number, maximum: number) {
  const json = { anyOf: [{ const: 'auto' }, { type: 'integer', minimum, maximum }] };
  return leaf<number | 'auto'>(description, json, (found) => {
    if (found === 'auto') return { value: found };
    if (typeof found === 'number' && Number.isInteger(found) && found >= minimum && found <= maximum) {
      return { value: found };
    }
    return {
      problem: `found ${show(found)}; allowed: auto, or a whole number from ${minimum} to ${maximum}`,
    };
  });
}

export function choice<const Name extends string>(description: string, names: readonly Name[]) {
  return leaf<Name>(description, { enum: names }, (found) => {
    const name = names.find((known) => known === found);
    if (name !== undefined) return { value: name };
    const near = nearestName(word(found), names);
    return {
      problem: `found ${show(found)}; allowed: ${names.join(', ')}`,
      ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
    };
  });
}

export function text(
  description: string,
  read: (found: string) => Reading<string> = (found) => ({ value: found }),
  json: JsonType = {},
) {
  return leaf<string>(description, { type: 'string', ...json }, (found) =>
    typeof found === 'string' ? read(found) : { problem: `found ${show(found)}; it is a text` },
  );
}

/** `p99 < 50ms`, kept as written. */
export function expression(description: string, allowed?: readonly string[]) {
  return text(
    description,
    (found) => {
      const parsed = parseExpression(found);
      if ('problem' in parsed) return parsed;
      if (allowed !== undefined && !allowed.includes(parsed.metric)) {
        return { problem: `found "${found}"; here it may be about ${allowed.join(', ')}` };
      }
      return { value: parsed.text };
    },
    { examples: ['p99 < 50ms', 'errors < 0.1%'] },
  );
}

/** An axis label: `32`, `2ms`, `direct`; numbers stand for their text. */
export function label(description: string) {
  return leaf<string>(description, { type: ['string', 'number', 'boolean'] }, (found) =>
    typeof found === 'object'
      ? { problem: `found ${show(found)}; a label is one word or number` }
      : { value: String(found) },
  );
}
