import { z } from 'zod';
import { distribution, figure, missing } from './figures.ts';

/** How the requests of a phase, a trial or a class ended. */
export const counts = z.object({
  scheduled: z.number().int(),
  sent: z.number().int(),
  /** Arrivals that met the in-flight cap. scheduled = sent + unsent. */
  unsent: z.number().int(),
  /** sent = ok + failed + timedOut + cancelled + inFlightAtEnd. */
  ok: z.number().int(),
  failed: z.number().int(),
  timedOut: z.number().int(),
  cancelled: z.number().int(),
  inFlightAtEnd: z.number().int(),
  byOutcome: z.record(z.string(), z.number().int()),
});
export type Counts = z.infer<typeof counts>;

export const latencyMs = z.object({
  /** doneAt - intendedAt: what a user would have waited. The headline. */
  response: distribution,
  /** doneAt - sentAt: what the server and the network took. */
  service: distribution,
  /** sentAt - intendedAt = dispatch lag + connection wait. */
  sendLag: distribution,
  /** The generator acted late: the client's own fault. */
  dispatchLag: distribution,
});

export const window = z.object({
  /** Start, in seconds from the start of the measure phase (negative in warm-up). */
  startS: z.number(),
  durationS: z.number(),
  phase: z.enum(['warmup', 'measure', 'drain']),
  /** Counted by intendedAt. */
  arrivals: z.number().int(),
  /** Counted by doneAt. */
  ok: z.number().int(),
  notOk: z.number().int(),
  rows: z.number().int(),
  /** Of the ok completions in the window; missing where there are none. */
  responseP50Ms: figure,
  responseP99Ms: figure,
});
export type Window = z.infer<typeof window>;

export const throughput = z.object({
  /** ok completions with doneAt in the measure phase / its length. */
  requestsPerS: z.number(),
  rowsPerS: z.number(),
  /** Rows answered ok within the per-request deadline of the SLO; missing where no latency SLO is given. */
  goodRowsPerS: figure,
  /** 95 % interval of requestsPerS, from batch means over windows. */
  interval: z.union([z.object({ low: z.number(), high: z.number() }), missing]),
});
