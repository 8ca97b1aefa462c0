import { nearestName } from '../errors.ts';
import { isProblem, parseDuration, parsePercentage, parseRate, type Reading } from './quantities.ts';
import type { Axes } from './scenario.ts';

/** The unit that `bound` is in, and that the measured figure must be brought to before they are compared. */
export type ExpressionUnit = 'ms' | 'fraction' | 'perS' | 'rows' | 'none';

/** `p99 < 50ms`, parsed. */
export interface Expression {
  /** Canonical name, one of `METRICS`: `p99.9` has become `p999`. */
  readonly metric: Metric;
  readonly op: '<' | '<=' | '>' | '>=';
  readonly bound: number;
  readonly unit: ExpressionUnit;
  readonly text: string;
}

export type ExpressionReading = Expression | { readonly problem: string; readonly advice?: string };

/**
 * Everything that an SLO, a gate or a budget may speak about.
 * `p99`, `max`, `mean` are of the response time; `service.p99` and its like of the service time.
 */
export const METRICS = {
  p50: 'ms',
  p90: 'ms',
  p95: 'ms',
  p99: 'ms',
  p999: 'ms',
  max: 'ms',
  mean: 'ms',
  'service.p50': 'ms',
  'service.p90': 'ms',
  'service.p95': 'ms',
  'service.p99': 'ms',
  'service.p999': 'ms',
  'service.max': 'ms',
  'service.mean': 'ms',
  /** Mean per request, from the server's own statistics. */
  queue: 'ms',
  compute: 'ms',
  /** CPU milliseconds of the server per 1,000 rows. */
  cpuMsPer1000: 'ms',
  /** Share of the sent requests that did not end ok. */
  errors: 'fraction',
  /** Rows answered ok per second. */
  throughput: 'perS',
  'batch.meanRows': 'rows',
  'batch.paddedRows': 'rows',
  /** Of the server's response cache. */
  'cache.hitRate': 'fraction',
  'cache.joins': 'none',
  'cache.evictions': 'none',
  'cache.errors': 'none',
  /** Answers computed before the last change of what lies behind them, of the shortest workload.changeEvery. */
  'cache.staleRate': 'fraction',
  /** Arrivals that met the in-flight cap. */
  unsent: 'none',
} as const satisfies Record<string, ExpressionUnit>;
export type Metric = keyof typeof METRICS;

/** `p99 < 50ms` -> its parts; never throws. */
export function parseExpression(text: string): ExpressionReading {
  const match = /^\s*([\w.]+)\s*(<=|>=|<|>|==?|≤|≥)\s*(.*?)\s*$/.exec(text);
  const [, name, op, amount] = match ?? [];
  if (name === undefined || op === undefined || amount === undefined || amount === '') {
    return {
      problem: `found "${text}"; an expression is a metric, a comparison and a bound`,
      advice: 'as in: p99 < 50ms',
    };
  }
  if (!isOperator(op)) {
    return { problem: `found "${op}" in "${text}"; a bound is one-sided`, advice: 'allowed: < <= > >=' };
  }
  const metric = canonicalMetric(name);
  if (metric === undefined) return unknownMetric(name);
  const bound = parseBound(METRICS[metric], metric, amount);
  if (isProblem(bound)) return { ...bound, problem: `in "${text}": ${bound.problem}` };
  return { metric, op, bound: bound.value, unit: METRICS[metric], text: text.trim() };
}

function isOperator(op: string): op is Expression['op'] {
  return ['<', '<=', '>', '>='].includes(op);
}

function unknownMetric(name: string): { problem: string; advice: string } {
  const known = Object.keys(METRICS);
  const near = nearestName(name, known);
  return {
    problem: `found metric "${name}"; known: ${known.filter((metric) => !metric.startsWith('service.')).join(', ')}, service.p99 and its like`,
    advice: near === undefined ? 'inferometer explain metrics' : `did you mean ${near}?`,
  };
}

function canonicalMetric(name: string): Metric | undefined {
  const canonical = name
    .replace(/^(response|serverMs)\./, '')
    .replace(/p99[._]9$/, 'p999')
    .replace(/^stale$/, 'cache.staleRate');
  return Object.hasOwn(METRICS, canonical) ? (canonical as Metric) : undefined;
}

function parseBound(unit: ExpressionUnit, metric: Metric, amount: string): Reading<number> {
  switch (unit) {
    case 'ms':
      // This metric's name says its unit, so the bound need not.
      return metric === 'cpuMsPer1000' && isNumber(amount)
        ? { value: Number(amount) }
        : parseDuration(amount);
    case 'fraction':
      return parsePercentage(amount);
    case 'perS':
      return parseRate(amount.replace(/\s*rows\s*\/\s*s$/, '/s'));
    case 'rows':
      return parsePlainNumber(amount.replace(/\s*rows?$/, ''));
    case 'none':
      return parsePlainNumber(amount);
  }
}

function parsePlainNumber(amount: string): Reading<number> {
  if (isNumber(amount)) return { value: Number(amount) };
  return { problem: `found bound "${amount}"; it is a plain number here`, advice: 'as in: 4' };
}

function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

/** `batch=32,load=40%` -> `{ batch: "32", load: "40%" }`. Labels are not checked here. */
export function parseWhere(text: string): Reading<Axes> {
  const where: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, axis, label] = /^\s*([^=]+?)\s*=\s*(.+?)\s*$/.exec(part) ?? [];
    if (axis === undefined || label === undefined) {
      return {
        problem: `found "${part.trim()}" in "${text}"; a place is axis=label`,
        advice: 'as in: batch=32,load=40%',
      };
    }
    if (axis in where) return { problem: `"${axis}" is named twice in "${text}"` };
    where[axis] = label;
  }
  return { value: where };
}

/** The command line's form: `p99<50ms @ batch=32,load=40%`. Without `@` it holds for every case. */
export function parseBudgetText(
  text: string,
):
  | { readonly expression: Expression; readonly where: Axes }
  | { readonly problem: string; readonly advice?: string } {
  const at = text.indexOf('@');
  const expression = parseExpression(at < 0 ? text : text.slice(0, at));
  if ('problem' in expression) return expression;
  if (at < 0) return { expression, where: {} };
  const where = parseWhere(text.slice(at + 1));
  return isProblem(where) ? where : { expression, where: where.value };
}
