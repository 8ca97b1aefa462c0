import { z } from 'zod';

/** What a measured value may be in the record: a number, or the reason why there is none. */
export const missing = z.object({
  missing: z.string().min(1),
  /** Set when the true value is known to lie above this (its rank falls among censored requests): printed `> x`. */
  above: z.number().optional(),
});
export type Missing = z.infer<typeof missing>;

/** A percentile with its 95 % order-statistic interval; `n` is the number of requests it rests on. */
const percentileValue = z.object({
  value: z.number(),
  low: z.number(),
  /** null: no upper bound. It falls among censored requests, or too few were independent to give one. */
  high: z.number().nullable(),
  n: z.number().int(),
});
export const percentile = z.union([percentileValue, missing]);
export type Percentile = z.infer<typeof percentile>;
export type PercentileValue = z.infer<typeof percentileValue>;

/** A measured figure, or the reason why there is none. */
export const figure = z.union([z.number(), missing]);
export type Figure = z.infer<typeof figure>;

export function isMissing(value: unknown): value is Missing {
  return typeof value === 'object' && value !== null && 'missing' in value;
}

export const distribution = z.object({
  p50: percentile,
  p90: percentile,
  p95: percentile,
  p99: percentile,
  p999: percentile,
  max: figure,
  mean: figure,
});
export type Distribution = z.infer<typeof distribution>;
