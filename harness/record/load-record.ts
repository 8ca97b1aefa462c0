import { z } from 'zod';

const rateLaw = z.object({
  words: z.string(),
  /** Set where rates were shares of the best measured saturation: the law as written, and what they were shares of. */
  sharesOf: z.object({ words: z.string(), ofRate: z.number(), ofCase: z.string() }).optional(),
  /** Rates in requests/s, times in ms; its `shape` says which fields there are. */
  spec: z.record(z.string(), z.unknown()),
  /** Over the measure phase, whose length is `lengthS`. */
  meanPerS: z.number(),
  peakPerS: z.number(),
  lengthS: z.number(),
});

const MLPERF = z.enum(['single-stream', 'multi-stream', 'server', 'offline']);

/** What MLPerf LoadGen would report of the case. */
export const mlperfRecord = z.object({
  scenario: MLPERF,
  valid: z.boolean(),
  /** One sentence in LoadGen's words. */
  statement: z.string(),
  queries: z.number().int(),
  /** With which early stopping proves the percentile, given the late ones. */
  needed: z.number().int(),
  percentile: z.number().optional(),
  late: z.number().int().optional(),
  estimateMs: z.number().optional(),
  samplesPerS: z.number().optional(),
});
export type MlperfRecord = z.infer<typeof mlperfRecord>;

export const loadRecord = z.object({
  shape: z.enum(['closed', 'constant', 'poisson', 'gamma', 'ramp', 'stages', 'sine', 'burst', 'replay']),
  /** The label of the load axis: `40%`, `saturation`, `200/s`. */
  label: z.string(),
  /** How arrivals scatter: `even`, `poisson`, `gamma(2)`; absent for a closed loop. */
  arrivals: z.string().optional(),
  /** Offered rate, requests/s, of a law its mean; absent for a closed loop. */
  resolvedRate: z.number().optional(),
  /** A rate that changes over time: in words, and as the scenario gave it. */
  law: rateLaw.optional(),
  /** Share of the best measured saturation, for a ladder step. */
  fractionOf: z.object({ fraction: z.number(), ofRate: z.number(), ofCase: z.string() }).optional(),
  inFlight: z.number().int().optional(),
  thinkTimeMs: z.number().optional(),
  /** What drove it and what carried it, where it was not the default. */
  engine: z.string().optional(),
  transport: z.string().optional(),
  /** Set where the load was one of MLPerf's scenarios. */
  mlperf: z
    .object({
      scenario: MLPERF,
      percentile: z.number().optional(),
      samplesPerQuery: z.number().int().optional(),
      samples: z.number().int().optional(),
    })
    .optional(),
  /** Threads that shared the load, where there were several. */
  generators: z.number().int().optional(),
  connections: z.number().int(),
  /** False: a connection for each request; absent otherwise. */
  keepAlive: z.literal(false).optional(),
  maxInFlight: z.number().int(),
  timeoutMs: z.number(),
  seed: z.number().int(),
});
export type LoadRecord = z.infer<typeof loadRecord>;
