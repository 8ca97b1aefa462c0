import { z } from 'zod';
import { cost } from './answer.ts';
import { distribution, figure, missing } from './figures.ts';
import { credibility, gateResult } from './judged.ts';
import { loadRecord, mlperfRecord } from './load-record.ts';
import { counts, latencyMs, throughput, window } from './measured.ts';
import { staleness } from './staleness.ts';
import { batch, cache, series, utilization } from './watched.ts';

/** How a trial ended that was measured until a percentile was known well enough. */
const stopped = z.object({
  reason: z.enum(['precise', 'max-duration', 'ended-early']),
  of: z.string(),
  /** Half the width of its interval over its value: asked for, and as the last look found it. */
  asked: z.number(),
  precision: figure,
  atS: z.number(),
  /** Looks that were planned. The case's intervals are as wide as it takes for all of them to hold at once. */
  looks: z.number().int(),
});
export type StopRecord = z.infer<typeof stopped>;

const trial = z.object({
  index: z.number().int(),
  startedAt: z.string(),
  /** Who drove the generator's sockets: our loop over the system's calls, or Node; absent for a peer engine. */
  sockets: z.enum(['native', 'node']).optional(),
  stopped: stopped.optional(),
  counts,
  throughput,
  latencyMs,
  credibility,
});

/** How often what was asked had been asked before. */
const payloads = z.object({
  /** Scheduled in the measure phase. */
  requests: z.number().int(),
  /** Different payloads among them, summed over trials. */
  different: z.number().int(),
  /** Share whose payload had come before in its trial, warm-up included: what a boundless cache could answer. */
  repeatShare: z.number(),
  /** What the popularity lets expect of it. */
  expectedRepeatShare: z.number(),
  /** Share of the most popular payload, by the law; 0 where none comes twice. */
  topShare: z.number(),
});

/** A class of requests; `all` where there is no mix. Classes sum to the case. */
const requestClass = z.object({
  counts,
  warmupCounts: counts.optional(),
  rows: z.number().int(),
  responseMs: distribution,
  /** Of a mix: its share by the scenario, the model that it asks where that is not the target's, what it completed. */
  share: z.number().optional(),
  model: z.string().optional(),
  okPerS: z.number().optional(),
  rowsPerS: z.number().optional(),
  payloads: payloads.optional(),
});

/** What the target was asked to run with and what it says that it runs. A difference is an error of the run. */
const targetRecord = z.object({
  kind: z.enum(['reference', 'external']),
  requested: z.record(z.string(), z.unknown()),
  effective: z.record(z.string(), z.unknown()),
  pid: z.number().int().optional(),
});

/** Something that the scenario had done to the target while it was measured; times as those of windows. */
const change = z.object({
  trial: z.number().int(),
  /** What was to happen, as the scenario says it: `split.set 1: 90%, 2: 10%`. */
  what: z.string(),
  plannedAtS: z.number(),
  /** When it began and was done: one change waits for the one before. */
  atS: z.number(),
  endS: z.number(),
  /** What the target said that it did, or why it did not. */
  message: z.string(),
  failed: z.boolean(),
});
export type ChangeRecord = z.infer<typeof change>;

/** An event of a case that begins so quotes the server: the outcome of a request, and what was said about it. */
export const SERVER_SAID = 'the server said: ';

export const caseRecord = z.object({
  id: z.string(),
  /** Axis name -> label, the load included: `{ batch: "32", delay: "0ms", load: "40%" }`. */
  axes: z.record(z.string(), z.string()),
  load: loadRecord,
  target: targetRecord,
  trials: z.array(trial),
  classes: z.record(z.string(), requestClass),
  counts,
  /** Requests of the warm-up, never summarised with the measured ones. */
  warmupCounts: counts,
  /** Rows of ok requests. */
  rows: z.number().int(),
  durationS: z.number(),
  /** Bytes of a body, without head and frames: means over the ok requests. Absent where the engine does not count. */
  bodyBytes: z.object({ sent: z.number(), received: z.number() }).optional(),
  throughput,
  latencyMs,
  /** Design effect used for the intervals: n/d independent samples. */
  designEffect: figure,
  /** Answers compared with what they should be, warm-up included; only where the scenario asks for it. */
  answers: z
    .object({ compared: z.number().int(), wrong: z.number().int(), example: z.string().optional() })
    .optional(),
  /** Percentile -> design effect proven beyond chance: so many requests count as one sample of it. */
  sampleEffect: z.record(z.string(), z.number()).optional(),
  steady: z.object({ verdict: z.enum(['steady', 'unsteady', 'not-assessed']), message: z.string() }),
  /** Faults of ours, each 0 in a sound run: times below 0 void the case, histograms that nobody freed are a leak. */
  bugCounters: z
    .object({ negativeTimes: z.number().int(), undestroyedHistograms: z.number().int() })
    .optional(),
  /** Closed loops: concurrency against completions/s x mean. */
  littlesLaw: z.union([
    z.object({ concurrency: z.number(), implied: z.number(), ratio: z.number() }),
    missing,
  ]),
  batch: z.union([batch, missing]),
  /** Of the server's response cache; absent in records of before there was one. */
  cache: z.union([cache, missing]).optional(),
  /** Only where the scenario says how often what lies behind a payload changes. */
  staleness: staleness.optional(),
  /** Mean per request, from the server's own statistics over exactly this case. */
  serverMs: z.object({ queue: figure, compute: figure }),
  /** Arrivals that the server counted over exactly this case, warm-up included. */
  serverArrivals: figure,
  /** Requests that each version of the model answered in the measure phase; absent where one answered all. */
  versions: z.record(z.string(), z.number().int()).optional(),
  /** Copies that a version got of requests which others answered: copied, ok, failed, skipped; absent where none did. */
  shadow: z.record(z.string(), z.number().int()).optional(),
  utilization,
  /** Of the last trial, like `readings`: pictures of time, which cannot be laid over each other. */
  windows: z.array(window),
  events: z.array(z.object({ atS: z.number(), message: z.string() })),
  /** Of all trials; absent where the scenario let nothing happen. */
  changes: z.array(change).optional(),
  /** Probe name -> metric -> series: `{ process: { cpuCores: ... } }`. */
  readings: z.record(z.string(), z.record(z.string(), series)),
  /** Metric -> base64 of the standard HdrHistogram V2 compressed encoding, values in microseconds. */
  histograms: z.record(z.string(), z.string()),
  cost: z.array(cost),
  mlperf: mlperfRecord.optional(),
  credibility,
  gates: z.array(gateResult),
});
export type CaseRecord = z.infer<typeof caseRecord>;
export type TrialRecord = z.infer<typeof trial>;
