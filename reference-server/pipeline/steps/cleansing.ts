import { z } from 'zod';
import { invalid } from '../../errors.ts';
import { axis, columnsAlong, eachNumber, perColumn, spread } from '../elementwise.ts';
import { StepMisfit, stepKind } from '../step.ts';
import { numericInput } from '../tensor-values.ts';

/**
 * Values that are none become NaN, which `impute` fills: infinite ones, those that stand for "unknown", and those
 * outside of what can be.
 */
export const cleanse = stepKind({
  fields: {
    /** Numbers that stand for a value that nobody knows, such as -999. */
    unknown: z.array(z.number()).default([]),
    low: perColumn.optional(),
    high: perColumn.optional(),
    /** `reject`: the request is refused instead. */
    onInvalid: z.enum(['missing', 'reject']).default('missing'),
    axis,
  },
  fit({ unknown, low, high, onInvalid, axis: asked }, { takes }) {
    const columns = columnsAlong(numericInput(takes), asked);
    const least = spread('low', low ?? Number.NEGATIVE_INFINITY, columns);
    const most = spread('high', high ?? Number.POSITIVE_INFINITY, columns);
    const signs = new Set(unknown);
    return eachNumber(takes, columns, (column) => {
      const [bottom, top] = [least(column), most(column)];
      return (value, at) => {
        if (Number.isFinite(value) && !signs.has(value) && value >= bottom && value <= top) return value;
        if (onInvalid === 'reject') throw invalid(`element ${at} is ${value}, which is no valid value`);
        return Number.NaN;
      };
    });
  },
});

/** Fills what is missing (NaN), with numbers that are known beforehand: a mean or a median of the training data. */
export const impute = stepKind({
  fields: { value: perColumn, axis },
  fit({ value, axis: asked }, { takes }) {
    const columns = columnsAlong(numericInput(takes), asked);
    const filling = spread('value', value, columns);
    return eachNumber(takes, columns, (column) => {
      const fill = filling(column);
      return (found) => (Number.isNaN(found) ? fill : found);
    });
  },
});

/** Moves what is outside to the nearest bound; NaN stays. */
export const clip = stepKind({
  fields: { low: perColumn.optional(), high: perColumn.optional(), axis },
  fit({ low, high, axis: asked }, { takes }) {
    if (low === undefined && high === undefined) throw new StepMisfit('low or high must be given');
    const columns = columnsAlong(numericInput(takes), asked);
    const least = spread('low', low ?? Number.NEGATIVE_INFINITY, columns);
    const most = spread('high', high ?? Number.POSITIVE_INFINITY, columns);
    refuseCrossed(columns.count, least, most);
    return eachNumber(takes, columns, (column) => {
      const [bottom, top] = [least(column), most(column)];
      return (value) => Math.min(Math.max(value, bottom), top);
    });
  },
});

function refuseCrossed(count: number, low: (at: number) => number, high: (at: number) => number): void {
  for (let column = 0; column < Math.max(1, count); column++) {
    if (low(column) <= high(column)) continue;
    throw new StepMisfit(`low: ${low(column)} is above high, ${high(column)}`);
  }
}

/** (x - mean) / deviation, or (x - low) / (high - low). */
export const normalise = stepKind({
  fields: {
    mean: perColumn.optional(),
    deviation: perColumn.optional(),
    low: perColumn.optional(),
    high: perColumn.optional(),
    axis,
  },
  fit({ mean, deviation, low, high, axis: asked }, { takes }) {
    const columns = columnsAlong(numericInput(takes), asked);
    const byMean = mean !== undefined && deviation !== undefined;
    const byRange = low !== undefined && high !== undefined;
    const given = [mean, deviation, low, high].filter((field) => field !== undefined).length;
    if (byMean === byRange || given !== 2) {
      throw new StepMisfit('either mean and deviation, or low and high, must be given');
    }
    const from = spread(byMean ? 'mean' : 'low', mean ?? low ?? 0, columns);
    const second = spread(byMean ? 'deviation' : 'high', deviation ?? high ?? 1, columns);
    const width = byMean ? second : (column: number) => second(column) - from(column);
    for (let column = 0; column < Math.max(1, columns.count); column++) {
      if (width(column) > 0) continue;
      throw new StepMisfit(byMean ? 'deviation: must be above 0' : 'high: must be above low');
    }
    return eachNumber(takes, columns, (column) => {
      const [start, size] = [from(column), width(column)];
      return (value) => (value - start) / size;
    });
  },
});
