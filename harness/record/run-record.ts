import { z } from 'zod';
import { searchRecord } from './search-record.ts';

/**
 * The versioned file between everything: `results/<UTC>-<scenario>-<id>/run.json`.
 * Reports, gates and cost read this and nothing else, so any of them can be redone from disk.
 *
 * Conventions: a unit is in every name (`Ms`, `S`, `PerS`, `MiB`, `Usd`); a figure that could not be had is
 * `{ missing: reason }`, never 0, null or an empty string.
 */
export const FORMAT_VERSION = 1;

const missing = z.object({
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

const distribution = z.object({
  p50: percentile,
  p90: percentile,
  p95: percentile,
  p99: percentile,
  p999: percentile,
  max: figure,
  mean: figure,
});
export type Distribution = z.infer<typeof distribution>;

const counts = z.object({
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

const latencyMs = z.object({
  /** doneAt - intendedAt: what a user would have waited. The headline. */
  response: distribution,
  /** doneAt - sentAt: what the server and the network took. */
  service: distribution,
  /** sentAt - intendedAt = dispatch lag + connection wait. */
  sendLag: distribution,
  /** The generator acted late: the client's own fault. */
  dispatchLag: distribution,
});

const window = z.object({
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

const throughput = z.object({
  /** ok completions with doneAt in the measure phase / its length. */
  requestsPerS: z.number(),
  rowsPerS: z.number(),
  /** Rows answered ok within the per-request deadline of the SLO; missing where no latency SLO is given. */
  goodRowsPerS: figure,
  /** 95 % interval of requestsPerS, from batch means over windows. */
  interval: z.union([z.object({ low: z.number(), high: z.number() }), missing]),
});

const batch = z.object({
  /** Rows executed / executions. */
  meanRows: z.number(),
  paddedRows: z.number().int(),
  executions: z.number().int(),
  rowsExecuted: z.number().int(),
  /** Batch size in rows -> number of executions. Sum of size x count = rowsExecuted. */
  histogram: z.record(z.string(), z.number().int()),
  /** Why each batch left: full, delay, idle (preferred in a later version). */
  release: z.record(z.string(), z.number().int()),
});
export type Batch = z.infer<typeof batch>;

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

const utilization = z.object({
  /** Mean CPU cores used by the server's process tree. */
  serverCpuCores: figure,
  serverRssMiB: figure,
  generatorCpuCores: figure,
  gpu: z.union([z.array(gpuDevice), missing]),
});

/** A series that a probe read: `at` in seconds from the start of the measure phase; null is a gap. */
const series = z.object({
  unit: z.string(),
  atS: z.array(z.number()),
  values: z.array(z.number().nullable()),
  /** Why there are gaps, where there are. */
  gaps: z.array(z.string()).optional(),
});
export type Series = z.infer<typeof series>;

export const CREDIBILITY = [
  'valid',
  'client-limited',
  'connection-limited',
  'overloaded',
  'inconclusive',
] as const;
/** What slowed the generator down meanwhile, whatever came of it: an explanation, never a verdict. */
export const CAUSES = ['gc', 'cpu-quota', 'steal', 'pressure', 'same-cores'] as const;
const cause = z.object({ id: z.enum(CAUSES), message: z.string() });
export type Cause = z.infer<typeof cause>;

const credibility = z.object({
  status: z.enum(CREDIBILITY),
  reasons: z.array(z.object({ id: z.string(), message: z.string(), advice: z.string() })),
  /** Absent where nothing was seen. */
  causes: z.array(cause).optional(),
});
export type CredibilityRecord = z.infer<typeof credibility>;

export const GATE_OUTCOMES = ['pass', 'fail', 'regression', 'inconclusive'] as const;
const gateResult = z.object({
  /** The expression as written: `p99 < 50ms`. */
  expression: z.string(),
  where: z.record(z.string(), z.string()),
  outcome: z.enum(GATE_OUTCOMES),
  /** One sentence with the figure, its interval and the bound. */
  message: z.string(),
});
export type GateResult = z.infer<typeof gateResult>;

export const COST_AT = ['capacityAtSlo', 'thisLoad', 'saturation'] as const;
export const COST_BASIS = ['measured-on-this-machine', 'assumed-same-throughput'] as const;
const cost = z.object({
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

const notice = z.object({
  /** Stable id: `shared-host`, `no-gpu`, `timed-from-ask`. */
  id: z.string(),
  message: z.string(),
  advice: z.string(),
  caseIds: z.array(z.string()).optional(),
});
export type NoticeRecord = z.infer<typeof notice>;

const rateLaw = z.object({
  words: z.string(),
  /** Rates in requests/s, times in ms; its `shape` says which fields there are. */
  spec: z.record(z.string(), z.unknown()),
  /** Over the measure phase, whose length is `lengthS`. */
  meanPerS: z.number(),
  peakPerS: z.number(),
  lengthS: z.number(),
});

const MLPERF = z.enum(['single-stream', 'multi-stream', 'server', 'offline']);

/** What MLPerf LoadGen would report of the case. */
const mlperfRecord = z.object({
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

const loadRecord = z.object({
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
  /** Mean per request, from the server's own statistics over exactly this case. */
  serverMs: z.object({ queue: figure, compute: figure }),
  /** Arrivals that the server counted over exactly this case, warm-up included. */
  serverArrivals: figure,
  utilization,
  /** Of the last trial, like `readings`: pictures of time, which cannot be laid over each other. */
  windows: z.array(window),
  events: z.array(z.object({ atS: z.number(), message: z.string() })),
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

/** What a scenario's `decide` asked for, carried in the record so that a report or gate needs no scenario file. */
const decideRecord = z.object({
  slo: z.array(z.string()),
  recommend: z.object({ maximize: z.enum(['capacity']), tieBreak: z.string() }).optional(),
  price: z.object({ machine: z.string(), term: z.enum(['on-demand', 'spot']) }),
  gates: z.array(z.object({ where: z.record(z.string(), z.string()), expect: z.array(z.string()) })),
});
export type DecideRecord = z.infer<typeof decideRecord>;

const answer = z.object({
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

export const runRecord = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  tool: z.object({ name: z.literal('inferometer'), version: z.string() }),
  id: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  /** True from the first write until every case is measured. */
  partial: z.boolean(),
  scenario: z.object({
    name: z.string(),
    question: z.string(),
    hash: z.string(),
    /** The file as read, so that the run can be repeated. */
    text: z.string(),
    /** Axis name -> its labels in the file's order, without the load. */
    axes: z.record(z.string(), z.array(z.string())),
    loadLabels: z.array(z.string()),
    plannedCases: z.number().int(),
    /** Which of the planned settings a `skip` rule took out. */
    skipped: z.array(z.record(z.string(), z.string())),
    seed: z.number().int(),
    model: z.string(),
  }),
  decide: decideRecord,
  environment: z.record(z.string(), z.unknown()),
  labels: z.record(z.string(), z.string()),
  notices: z.array(notice),
  answer,
  cases: z.array(caseRecord),
  /** Of the settings whose capacity was searched, in the order in which they were. */
  searches: z.array(searchRecord).optional(),
});
export type RunRecord = z.infer<typeof runRecord>;
