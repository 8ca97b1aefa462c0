import { z } from 'zod';
import { figure } from './figures.ts';

/** How old the answers of the measure phase were, and how many of them stale, had their data changed at some rate. */
export const staleness = z.object({
  /** Ok answers. */
  answers: z.number().int(),
  /** Of these: not computed for their request, but found in the cache or shared with an equal one under way. */
  aged: z.number().int(),
  /** Of these, from the beginning of the computation until the request met the answer. The histogram is `age`. */
  ageMs: z.object({ p50: figure, p99: figure, max: figure }),
  /** By how often what lies behind a payload changes on average, the most often first. */
  changes: z.array(
    z.object({
      everyMs: z.number(),
      /** Answers whose data had changed since their computation began, before they were asked for. */
      stale: z.number().int(),
      /** stale / answers, with its 95 % interval: one payload's answers hang together, and that is allowed for. */
      rate: z.number(),
      low: z.number(),
      high: z.number(),
      /** What changes at this rate let expect of the ages: mean of 1 - e^(-age / everyMs), 0 for those computed anew. */
      expectedRate: z.number(),
    }),
  ),
});
export type StalenessRecord = z.infer<typeof staleness>;
