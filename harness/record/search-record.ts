import { z } from 'zod';

/**
 * A search for the capacity of one setting: every probe, what was fitted to them, and what was found. The planner reads
 * the runs, and so can whoever wants to search again from the record.
 */
const boundCount = z.object({
  /** The expression as written: `p99 < 50ms` allows a hundredth of the requests to take longer. */
  expression: z.string(),
  /** Requests that were worse than the bound, those without an end among them. */
  bad: z.number().int(),
  of: z.number().int(),
  /** The share of bad ones that the bound allows, between 0 and 1. */
  allowed: z.number(),
});
export type BoundCount = z.infer<typeof boundCount>;

/** Fewer requests than would hold this many allowed bad ones cannot tell: they count as so many. */
const LEAST_ALLOWED = 2;

/** How many requests a share of bad ones is taken of. */
export function weighedOf({ of, allowed }: Pick<BoundCount, 'of' | 'allowed'>): number {
  return Math.max(of, LEAST_ALLOWED / allowed);
}

export const probeRun = z.object({
  kind: z.enum(['probe', 'verdict']),
  /** The rate that was asked for. */
  requestsPerS: z.number(),
  /** Arrivals / time: what a random schedule really came to. */
  offeredPerS: z.number(),
  seed: z.number().int(),
  /** Wall time with warm-up, drain and whatever had to be waited for. */
  tookMs: z.number(),
  durationMs: z.number(),
  counts: z.array(boundCount),
  /**
   * probe: `pass` and `breach` say on which side of the promise it fell, without proof. verdict: `pass` is proven,
   * `breach` is proven to break. `unclear`: neither; `why` says why.
   */
  outcome: z.enum(['pass', 'breach', 'unclear']),
  why: z.string().optional(),
  /** The client, not the server, shaped the figures. */
  clientLimited: z.boolean(),
  /** More load than the server carries: a breach whatever was counted. */
  overloaded: z.boolean(),
});
export type ProbeRun = z.infer<typeof probeRun>;

const estimate = z.object({
  requestsPerS: z.number(),
  standardErrorPerS: z.number(),
  /** 90 %. */
  lowPerS: z.number(),
  highPerS: z.number(),
  /** Independent repetitions that it rests on. */
  repetitions: z.number().int(),
});

export const SEARCH_ENDS = ['precision', 'time', 'max-rate', 'client', 'unclear', 'none-holds'] as const;

export const capacityFound = z.object({
  /** Why no more was probed; absent where it was interrupted. */
  end: z.enum(SEARCH_ENDS).optional(),
  /** Where the fitted margin is 0; absent where no rate broke the promise, none held it, or probes were too few. */
  estimate: estimate.optional(),
  /** Of the fit: the highest rate that held, the lowest that did not. */
  highestPassPerS: z.number().optional(),
  lowestBreachPerS: z.number().optional(),
  /** The bound that broke first, as written. */
  broke: z.string().optional(),
  /** The rate that a long run has proven. */
  provenPerS: z.number().optional(),
});
export type CapacityFound = z.infer<typeof capacityFound>;

export const searchRecord = z.object({
  /** Of the setting, without the load. */
  axes: z.record(z.string(), z.string()),
  precision: z.number(),
  atMostMs: z.number(),
  /** Nothing above it was offered; absent without a limit. */
  maxPerS: z.number().optional(),
  found: capacityFound,
  /** In the order in which they were driven. */
  runs: z.array(probeRun),
  /** The isotonic fit: margin = ln odds(allowed) - ln odds(bad) of the tightest bound; it holds above 0. */
  fitted: z.array(
    z.object({ requestsPerS: z.number(), margin: z.number(), runs: z.number().int(), bound: z.string() }),
  ),
  /** The long run, where there was one. */
  caseId: z.string().optional(),
});
export type SearchRecord = z.infer<typeof searchRecord>;
