import { z } from 'zod';
import { figure, percentile } from './figures.ts';

export const COST_AT = ['capacityAtSlo', 'thisLoad', 'saturation'] as const;
export const COST_BASIS = ['measured-on-this-machine', 'assumed-same-throughput'] as const;
export const cost = z.object({
  /** `aws/c7i.large`, or `own/<name>`. */
  price: z.string(),
  term: z.string(),
  usdPerHour: z.number(),
  /** Per 1,000 predictions (rows). */
  usdPer1000: figure,
  at: z.enum(COST_AT),
  basis: z.enum(COST_BASIS),
  source: z.string(),
  asOf: z.string(),
});
export type CostRecord = z.infer<typeof cost>;

export const answer = z.object({
  status: z.enum([
    'recommended',
    'tie',
    'none-qualifies',
    'all-overloaded',
    'no-slo',
    'not-asked',
    'unfinished',
  ]),
  /** The first sentence of the report. */
  sentence: z.string(),
  /** What follows it: by how much, why, what it costs. One sentence each. */
  details: z.array(z.string()),
  /** The axes of the setting to pick, without the load. */
  setting: z.record(z.string(), z.string()).optional(),
  /** Highest rate (requests/s) whose SLO is proven, with the percentile that proves it. */
  capacity: z
    .object({
      requestsPerS: z.number(),
      rowsPerS: z.number(),
      caseId: z.string(),
      /** The next higher rate tried, at which the SLO was not proven: the true capacity lies between. */
      brokenAtPerS: z.number().optional(),
      metric: z.string(),
      evidence: percentile,
      /** Of a search: where the promise breaks, with its 95 % interval. `requestsPerS` is what a long run has proven. */
      found: z.object({ requestsPerS: z.number(), lowPerS: z.number(), highPerS: z.number() }).optional(),
    })
    .optional(),
  /** Settings whose intervals overlap with the winner's. */
  ties: z.array(z.record(z.string(), z.string())),
  /** Settings on the Pareto front, named where there is no SLO to pick by. */
  pareto: z.array(z.record(z.string(), z.string())),
  /** Serving system -> configuration to paste. */
  config: z.record(z.string(), z.string()),
});
export type Answer = z.infer<typeof answer>;
