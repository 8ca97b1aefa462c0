import type { CaseRecord } from '../record/case-record.ts';
import type { Missing } from '../record/figures.ts';
import type { GateResult } from '../record/judged.ts';
import { type Expression, parseExpression } from '../scenario/expression.ts';
import { type Bounds, boundsOf, isLatency } from './bounds.ts';
import { doubted } from './doubt.ts';
import { formatExpression, formatFigure, formatRange } from './figures.ts';

export type Outcome = GateResult['outcome'];

/** What a case says about an expression. */
export interface Judgement {
  readonly outcome: Outcome;
  readonly expression: Expression;
  readonly bounds: Bounds;
  /** One sentence with the figure, its interval and the bound. */
  readonly message: string;
  /** Figure / bound, inverted for a floor: above 1 is worse than promised, Infinity where nothing bounds it. */
  readonly excess: number;
}

/** What a latency budget promises besides, unless the same budget states another share of errors. */
const IMPLIED_ERRORS = 'errors < 1%';

/** Judges one expression over one case: an interval wholly on one side decides, a straddling one does not. */
export function judge(record: CaseRecord, expression: Expression): Judgement {
  const { metric } = expression;
  const plain = boundsOf(record, metric);
  const bounds = doubted(plain, record, metric);
  if (isLatency(metric) && record.credibility.status === 'overloaded' && isCeiling(expression)) {
    const message = `${metric} has no end, which breaks ${formatExpression(expression)}: the case is overloaded, its queue grows as long as the load lasts`;
    return { outcome: 'fail', expression, bounds, message, excess: Number.POSITIVE_INFINITY };
  }
  const outcome = compare(bounds, expression);
  const message = explain(record, expression, plain, outcome);
  return { outcome, expression, bounds, message, excess: excessOf(bounds, expression) };
}

function excessOf({ value, low, high }: Bounds, expression: Expression): number {
  if (!isCeiling(expression)) return expression.bound / (value ?? low);
  return (value ?? (Number.isFinite(high) ? high : Math.max(low, expression.bound))) / expression.bound;
}

/**
 * Judges every expression of one promise over one case. A latency expression implies `errors < 1%` where no
 * expression speaks of errors; the implied judgement is listed only where it changes the outcome.
 */
export function judgeAll(record: CaseRecord, expressions: readonly Expression[]): Judgement[] {
  const judgements = expressions.map((expression) => judge(record, expression));
  const saysErrors = expressions.some(({ metric }) => metric === 'errors');
  if (
    saysErrors ||
    !expressions.some((expression) => isLatency(expression.metric) && isCeiling(expression))
  ) {
    return judgements;
  }
  const errors = judge(record, impliedErrors());
  const failed = judgements.some(({ outcome }) => outcome === 'fail');
  if (errors.outcome === 'pass' || failed) return judgements;
  return [...judgements, { ...errors, message: `${errors.message} (implied by a latency budget)` }];
}

/** Whether a case proves a whole promise, or the sentence that says why not. */
export function promiseKept(record: CaseRecord, slo: readonly Expression[]): 'held' | Missing {
  if (slo.length === 0) return { missing: 'no SLO is given' };
  const unkept = judgeAll(record, slo).find(({ outcome }) => outcome !== 'pass');
  return unkept === undefined ? 'held' : { missing: unkept.message };
}

function impliedErrors(): Expression {
  const expression = parseExpression(IMPLIED_ERRORS);
  if ('problem' in expression) throw new Error(`${IMPLIED_ERRORS}: ${expression.problem}`);
  return expression;
}

export function isCeiling({ op }: Expression): boolean {
  return op === '<' || op === '<=';
}

function compare({ low, high }: Bounds, { op, bound }: Expression): Outcome {
  switch (op) {
    case '<':
      return high < bound ? 'pass' : low >= bound ? 'fail' : 'inconclusive';
    case '<=':
      return high <= bound ? 'pass' : low > bound ? 'fail' : 'inconclusive';
    case '>':
      return low > bound ? 'pass' : high <= bound ? 'fail' : 'inconclusive';
    case '>=':
      return low >= bound ? 'pass' : high < bound ? 'fail' : 'inconclusive';
  }
}

function explain(record: CaseRecord, expression: Expression, bounds: Bounds, outcome: Outcome): string {
  const promise = formatExpression(expression);
  const { status } = record.credibility;
  if (outcome === 'inconclusive' && bounds.value === undefined) {
    return `${expression.metric} cannot be judged against ${promise} (${bounds.reason})`;
  }
  const broken = outcome === 'fail' || outcome === 'regression';
  const figure = `${expression.metric} ${broken ? describeBreach(bounds, expression) : describe(bounds, expression)}`;
  switch (outcome) {
    case 'pass':
      return `${figure} keeps ${promise}${status === 'valid' ? '' : `, although the case is ${status}`}`;
    case 'fail':
    case 'regression':
      return `${figure} breaks ${promise}`;
    case 'inconclusive':
      return `${figure} neither keeps nor breaks ${promise}, because ${doubtWords(record, expression)}`;
  }
}

/** A ceiling is broken by the lower end, so where there is no figure that end is what to show. */
function describeBreach(bounds: Bounds, expression: Expression): string {
  const { value, low, rests } = bounds;
  if (value !== undefined || rests === undefined || !isCeiling(expression))
    return describe(bounds, expression);
  return `of at least ${formatFigure(low, expression.unit)}`;
}

function describe(bounds: Bounds, { metric, unit }: Expression): string {
  const { value, low, high, rests } = bounds;
  if (value === undefined) {
    return rests === undefined
      ? `> ${formatFigure(low, unit)}`
      : `of at most ${formatFigure(high, unit)} (${rests})`;
  }
  if (metric === 'errors' || (low === value && high === value)) return formatFigure(value, unit);
  if (rests !== undefined) {
    return `${formatFigure(value, unit)} (at least ${formatFigure(low, unit)}, at most ${formatFigure(high, unit)}: ${rests})`;
  }
  return `${formatFigure(value, unit)} (95 % interval ${formatRange(low, high, unit)})`;
}

function doubtWords({ credibility }: CaseRecord, { metric }: Expression): string {
  if (credibility.status !== 'valid') return `the case is ${credibility.status}`;
  return metric === 'errors' ? 'so few errors may be chance' : 'its interval holds the bound';
}
