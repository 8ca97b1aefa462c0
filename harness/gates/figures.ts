import { formatMs, formatNumber, formatRate, joinRange } from '../record/wording.ts';
import type { Expression, ExpressionUnit } from '../scenario/expression.ts';

/** A figure with the unit of the expression that speaks of it. */
export function formatFigure(value: number, unit: ExpressionUnit): string {
  if (!Number.isFinite(value)) return 'no end';
  switch (unit) {
    case 'ms':
      return formatMs(value);
    case 'fraction':
      return `${formatNumber(value * 100)} %`;
    case 'perS':
      return formatRate(value);
    case 'rows':
      return `${formatNumber(value)} rows`;
    case 'none':
      return formatNumber(value);
  }
}

/** `40-49 ms`, or `40 ms and up` where nothing bounds it from above. */
export function formatRange(low: number, high: number, unit: ExpressionUnit): string {
  if (!Number.isFinite(high)) return `${formatFigure(low, unit)} and up`;
  return joinRange(formatFigure(low, unit), formatFigure(high, unit));
}

/** `p99 < 50 ms`: an expression with its spaces, whatever way it was typed. */
export function formatExpression({ metric, op, bound, unit }: Expression): string {
  return `${metric} ${op} ${formatFigure(bound, unit)}`;
}
