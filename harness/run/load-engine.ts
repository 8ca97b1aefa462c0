import type { ClassRecording } from '../measure/class-recorder.ts';
import type { HistogramName } from '../measure/histogram-names.ts';
import type { RawLogEnd } from '../measure/raw-log.ts';
import type { BodyBytes } from '../measure/recorder.ts';
import type { StopRecord } from '../record/case-record.ts';
import type { Counts } from '../record/measured.ts';
import type { Arrivals, TransportName } from '../scenario/load-spec.ts';
import type { RateLawSpec } from '../scenario/rate-law.ts';
import type { LimitsSpec } from '../scenario/scenario.ts';
import type { GrpcSpec, HttpSpec, ProtocolName } from '../scenario/target-spec.ts';
import type { WorkloadSpec } from '../scenario/workload-spec.ts';
import type { StopRule } from '../statistics/stopping.ts';
import type { ModelMetadata, TargetEndpoint } from '../targets/target.ts';

/**
 * Drives one trial of one case and reports facts, never opinions.
 * Assignment and result are plain JSON-serialisable messages: a thread today, a machine tomorrow.
 */
export interface LoadEngine {
  readonly name: string;
  run(assignment: LoadAssignment, watch: LoadWatch): Promise<LoadResult>;
}

export interface LoadWatch {
  /** About once a second, for the terminal. */
  onProgress(progress: LoadProgress): void;
  /** Called once, when connections are open and the schedule's zero has been fixed. */
  onStart(instants: PhaseInstants): void;
  /** First Ctrl-C: stop scheduling, drain, return what was measured. */
  readonly drain: AbortSignal;
  /** Second Ctrl-C: stop now; what is in flight is `cancelled`. */
  readonly cancel: AbortSignal;
  /**
   * Where several generators share one schedule: says that this one is connected, and resolves with the common start of
   * their warm-ups, in milliseconds of process.hrtime. Their signals abort with an `EndOrder` as the reason.
   */
  startTogether?(): Promise<number>;
}

/** When scheduling ends before its time, the same instant for all generators, and why. */
export interface EndOrder {
  readonly atMs: number;
  readonly reason: string;
  /** All that was asked for is known: the case ends, and not before its time. */
  readonly isEnough?: true;
}

/** The order that a signal was aborted with; undefined where it was aborted without one. */
export function orderIn({ reason }: AbortSignal): EndOrder | undefined {
  return typeof reason === 'object' && reason !== null && 'atMs' in reason ? (reason as EndOrder) : undefined;
}

/** Why an interrupted case ended. */
export const INTERRUPTED = {
  drained: 'interrupted: drained what was in flight',
  stopped: 'interrupted: stopped at once',
  stoppedLate: 'interrupted: stopped at once during the drain',
} as const;

/** What the event of a broken abort rule begins with; the rule as written follows. */
export const ABORT_EVENT = 'abort rule: ';

/** Edges of the phases in milliseconds of `process.hrtime` (one clock for every thread of a machine). */
export interface PhaseInstants {
  readonly warmupAtMs: number;
  readonly measureAtMs: number;
  readonly measureEndAtMs: number;
}

export interface LoadProgress {
  readonly phase: 'warmup' | 'measure' | 'drain';
  readonly atS: number;
  readonly ok: number;
  readonly notOk: number;
  readonly requestsPerS: number;
  readonly responseP50Ms: number | undefined;
  readonly responseP99Ms: number | undefined;
  /** One of several generators tells what finished since its last report, to be joined with that of the others. */
  readonly recent?: {
    readonly notOk: number;
    /** Timed out or never sent. */
    readonly censored: number;
    /** Base64 HdrHistogram of the ok response times. */
    readonly response: string;
  };
}

/**
 * What should be answered to one payload: the outputs, or, where a protocol does not know them, the status and the body
 * (base64) of an answer to it; null: not known. A plain message.
 */
export type Golden = GoldenOutputs | { readonly status: number; readonly body: string } | null;
export type GoldenOutputs = readonly { readonly name: string; readonly values: readonly number[] }[];

/** Sleeps with nothing to do that ended more than 2 ms after their time, over the measure phase. */
export interface LateWakes {
  readonly count: number;
  /** By how much, in all. */
  readonly totalMs: number;
  /** How long the thread was ready to run and waited for its core meanwhile: others of this machine had it. */
  readonly waitedMs: number;
}

/** Who drives the sockets: our own loop over the system's calls (Linux), or Node. */
export type SocketsKind = 'native' | 'node';

export interface LoadAssignment {
  /** How many threads share the load; the engine gives each its share. Left out: 1. */
  readonly generators?: number;
  /** This generator takes arrivals i with i mod of = index of the one global schedule. */
  readonly generator: { readonly index: number; readonly of: number };
  readonly seed: number;
  readonly load:
    | { readonly shape: 'closed'; readonly inFlight: number; readonly thinkTimeMs: number }
    | { readonly shape: 'open'; readonly arrivals: Arrivals; readonly requestsPerS: number }
    | { readonly shape: 'law'; readonly arrivals: Arrivals; readonly law: RateLawSpec }
    /** All at once; measured until the last is answered, at most for `durationMs`. */
    | { readonly shape: 'offline'; readonly samples: number }
    /** A recording, and the even rate of the warm-up. */
    | {
        readonly shape: 'replay';
        readonly file: string;
        readonly timeScale: number;
        readonly every?: number;
        readonly warmupPerS: number;
      };
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly drainMs: number;
  readonly windowMs: number;
  readonly timeoutMs: number;
  readonly connections?: number;
  readonly maxInFlight: number;
  /** Left out: native where it can be. */
  readonly sockets?: 'auto' | SocketsKind;
  readonly endpoint: TargetEndpoint;
  /** Left out: yes. No: a connection for each request. */
  readonly keepAlive?: boolean;
  readonly protocol: ProtocolName;
  /** Of the protocol `oip-grpc`; left out: a call for each request. */
  readonly stream?: true;
  /** Of the protocol `http`: what to ask. Left out: GET /. */
  readonly http?: HttpSpec;
  /** Of the protocol `grpc`. */
  readonly grpc?: GrpcSpec;
  readonly transport: TransportName;
  readonly model: ModelMetadata;
  /** Further models that the workload's mix asks. */
  readonly otherModels?: readonly ModelMetadata[];
  readonly workload: WorkloadSpec;
  /** What the answers should be, by payload; only with `workload.validate`. */
  readonly goldens?: readonly Golden[];
  /** Rows answered within this count as good; absent when no latency SLO is given. */
  readonly goodWithinMs?: number;
  readonly abort: LimitsSpec['abort'];
  /** Ends the measure phase when a percentile is known well enough; `durationMs` is the longest then. */
  readonly stop?: StopRule;
  /** Cores the generator thread binds itself to, where the system can. */
  readonly cpus?: readonly number[];
  readonly runId: string;
  /** Every request is written down there; each generator adds its index to the path. */
  readonly rawLog?: { readonly path: string; readonly caseId: string; readonly trial: number };
}

export interface LoadResult {
  readonly instants: PhaseInstants;
  /** When the drain was over, by the same clock. */
  readonly endedAtMs: number;
  /** Length of the measure phase that was really driven (shorter when aborted or interrupted). */
  readonly durationMs: number;
  /** Requests whose intendedAt lies in the measure phase. */
  readonly counts: Counts;
  readonly warmupCounts: Counts;
  /** Rows of ok requests. */
  readonly rows: number;
  readonly goodRows: number | undefined;
  /** Of the ok requests; absent where the engine does not count them. */
  readonly bodyBytes?: BodyBytes;
  /** ok completions with doneAt inside the measure phase, whenever they were intended; for throughput. */
  readonly completedInPhase: {
    readonly requests: number;
    readonly rows: number;
    readonly allOutcomes: number;
  };
  /**
   * Why there are service times and nothing else: an engine without a plan has no response time and no lag. Their
   * histograms are empty then, and the windows hold service times.
   */
  readonly responseMissing?: string;
  /** Base64 of the HdrHistogram V2 compressed encoding. */
  readonly histograms: Readonly<Record<HistogramName, string>>;
  readonly windows: readonly LoadWindow[];
  /** By name, only of a mix. */
  readonly classes?: Readonly<Record<string, ClassRecording>>;
  /** How many payloads each class of the workload has; null: none comes twice. Absent: not told. */
  readonly payloadKeys?: readonly (number | null)[];
  /** Answers that were compared; only with `workload.validate`. */
  readonly answers?: AnswerFacts;
  /** How old the answers were; only with `workload.changeEvery`. */
  readonly staleness?: StaleFacts;
  /** Values that the recorder had to clamp. A negative one is a bug of ours and makes the case inconclusive. */
  readonly clamped: { readonly negative: number; readonly aboveRange: number };
  /** Length of the run by the monotonic and by the wall clock. */
  readonly clock: { readonly monotonicMs: number; readonly wallMs: number };
  readonly connections: { readonly opened: number; readonly connectMeanMs: number | undefined };
  /** Who drove the sockets; absent where a peer engine did. */
  readonly sockets?: SocketsKind;
  /** CPU of the generator's own threads over the measure phase, in cores; undefined where it cannot be read. */
  readonly generatorCpuCores: number | undefined;
  readonly eventLoopUtilization: number;
  readonly gc: { readonly count: number; readonly totalMs: number; readonly longestMs: number };
  /** Absent where the loop is not ours. */
  readonly lateWakes?: LateWakes;
  readonly events: readonly { readonly atS: number; readonly message: string }[];
  /** Why the case ended before its time: an abort rule, an interrupt. */
  readonly endedEarly: string | undefined;
  /** Why and when a case with a rule to stop by ended. */
  readonly stopped?: StopRecord;
  /** Histograms of the generator's thread that nobody freed: a leak, of about 100 kB each. */
  readonly undestroyedHistograms?: number;
  /** What came of the raw log, where one was asked for. */
  readonly rawLog?: RawLogEnd;
}

/** Comparisons over the whole case, its warm-up included. */
export interface AnswerFacts {
  readonly compared: number;
  readonly wrong: number;
  /** The first wrong answer, in words. */
  readonly example?: string;
}

/** Ok answers of the measure phase. Payloads are counted in groups; lists have one entry for each. */
export interface StaleFacts {
  /** Base64 HdrHistogram of the ages of those that were not computed for their request. */
  readonly ages: string;
  readonly answers: readonly number[];
  /** One for each of `workload.changeEvery`. */
  readonly changes: readonly { readonly everyMs: number; readonly stale: readonly number[] }[];
}

export interface LoadWindow {
  /** From the start of the measure phase; negative in warm-up. */
  readonly startS: number;
  readonly durationS: number;
  readonly phase: 'warmup' | 'measure' | 'drain';
  /** By intendedAt, unsent included. */
  readonly arrivals: number;
  /** By doneAt. */
  readonly ok: number;
  readonly notOk: number;
  readonly rows: number;
  /** Response times (µs) of the ok completions in this window, encoded as above. */
  readonly response: string;
}
