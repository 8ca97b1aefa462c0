import type { Missing } from '../record/figures.ts';
import type { ChangeSpec } from '../scenario/event-spec.ts';
import type { TargetSpec } from '../scenario/target-spec.ts';

/** What is driven. A requested setting that differs from the effective one is an error before any load. */
export interface Target {
  /** Throws TargetError with the target's own words when it does not come up; leaves no process behind. */
  start(): Promise<RunningTarget>;
}

/** Where requests go, and what they carry to be let in. Never recorded as it is. */
export interface TargetEndpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of an https URL; PEM texts. */
  readonly tls?: EndpointTls;
}

export interface EndpointTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
}

export interface RunningTarget {
  readonly spec: TargetSpec;
  readonly endpoint: TargetEndpoint;
  readonly model: ModelMetadata;
  /** Further models that the workload's mix asks. */
  readonly otherModels?: readonly ModelMetadata[];
  /** Root of the server's process tree, where it is ours. */
  readonly pid?: number;
  /** Where it is several processes that come and go: the roots of their trees now. */
  pids?(): readonly number[];
  readonly cpus?: readonly number[];
  /** Settings asked for and read back, by dotted name: `batching.maxRows`. */
  readonly requested: Readonly<Record<string, unknown>>;
  readonly effective: Readonly<Record<string, unknown>>;
  /** A snapshot of the server's own counters; `{ missing }` where it has none. */
  statistics(): Promise<ServerStatistics | Missing>;
  /** Resolves with the reason when the target goes away by itself; never rejects. */
  readonly died: Promise<string>;
  /**
   * Does to the running target what an event of the scenario says, while a load runs against it, and resolves when it is
   * done. What the target refuses, or cannot do, is a value. Absent: nothing of this target can be changed. A target that
   * was changed serves no further trial.
   */
  apply?(change: ChangeSpec): Promise<ChangeOutcome>;
  /** Drains, then kills; resolves when no process is left. */
  stop(): Promise<void>;
}

/** What a change came to, in a few words: what is now so, or why it is not. */
export type ChangeOutcome = { readonly done: string } | { readonly failed: string };

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 = variable. The batch dimension is included, first. */
  readonly shape: readonly number[];
  /** A distribution that gives values which the model takes; where the server says. */
  readonly exampleValues?: string;
  /** Of an ordinary request, without the rows; where the server says. */
  readonly exampleShape?: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly version?: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Rows per request at most; undefined where the server does not say. */
  readonly maxRows?: number;
}

/** Cumulative counters of one model since the server's start. Differences of two are what a case did. */
export interface ServerStatistics {
  /** Infer requests that reached the server, refused ones included; absent where the server does not count them. */
  readonly arrivals?: number;
  readonly requestsOk: number;
  readonly requestsFailed: number;
  readonly rowsExecuted: number;
  readonly executions: number;
  readonly queueNs: number;
  readonly queueCount: number;
  readonly computeNs: number;
  readonly computeCount: number;
  /** Batch size in rows -> executions. */
  readonly batchSizes: Readonly<Record<string, number>>;
  /** full | delay | idle -> batches; absent where the server does not say. */
  readonly release?: Readonly<Record<string, number>>;
  readonly paddedRows?: number;
  readonly cache?: CacheCounters;
  /** Version -> requests that it answered. */
  readonly byVersion?: Readonly<Record<string, number>>;
  /** Copies that versions got of requests which others answered: ok, failed, skipped for want of room. */
  readonly shadow?: Readonly<Record<string, number>>;
  /** Replicas that went away with their counters: but for the arrivals, which others counted, these are not all. */
  readonly replicasLost?: number;
}

/** Each request that reached the cache is a hit, a miss or a join. */
export interface CacheCounters {
  readonly hits: number;
  /** Looked for in vain, and then computed. */
  readonly misses: number;
  /** Answered by the computation of an equal request that was under way. */
  readonly joins: number;
  /** Answers that left for want of room, and for their age. */
  readonly evicted: number;
  readonly expired: number;
  /** What a store outside the server was asked for and did not do: misses, and never failures of a request. */
  readonly errors: number;
}
