import { z } from 'zod';
import { figure, missing } from './figures.ts';

export const batch = z.object({
  /** Rows executed / executions. */
  meanRows: z.number(),
  paddedRows: z.number().int(),
  executions: z.number().int(),
  rowsExecuted: z.number().int(),
  /** Batch size in rows -> number of executions. Sum of size x count = rowsExecuted. */
  histogram: z.record(z.string(), z.number().int()),
  /** Why each batch left: full, preferred, delay, idle. */
  release: z.record(z.string(), z.number().int()),
});
export type Batch = z.infer<typeof batch>;

/** What the server's response cache did. hits + misses + joins = lookups. */
export const cache = z.object({
  lookups: z.number().int(),
  hits: z.number().int(),
  /** Looked for in vain, and then computed. */
  misses: z.number().int(),
  /** Answered by the computation of an equal request that was under way. */
  joins: z.number().int(),
  /** Answers that left for want of room, and for their age; a store outside the server does not tell. */
  evicted: figure,
  expired: figure,
  /** What a store outside the server was asked for and did not do: misses, and never failures of a request. */
  errors: z.number().int(),
  /** hits / lookups. */
  hitRate: z.number(),
});
export type Cache = z.infer<typeof cache>;

/** One GPU device over the measure phase. */
const gpuDevice = z.object({
  index: z.number().int(),
  name: z.string(),
  utilizationPct: figure,
  memoryUsedMiB: figure,
  memoryTotalMiB: figure,
  powerW: figure,
  smClockMHz: figure,
  throttleReasons: z.array(z.string()),
});
export type GpuDevice = z.infer<typeof gpuDevice>;

export const utilization = z.object({
  /** Mean CPU cores used by the server's process tree. */
  serverCpuCores: figure,
  serverRssMiB: figure,
  generatorCpuCores: figure,
  gpu: z.union([z.array(gpuDevice), missing]),
});

/** A series that a probe read: `at` in seconds from the start of the measure phase; null is a gap. */
export const series = z.object({
  unit: z.string(),
  atS: z.array(z.number()),
  values: z.array(z.number().nullable()),
  /** Why there are gaps, where there are. */
  gaps: z.array(z.string()).optional(),
});
export type Series = z.infer<typeof series>;
