import type { PercentileName } from '../statistics/intervals.ts';
import type { RateLawSpec } from './rate-law.ts';
import type { Recording } from './replay-file.ts';

/**
 * A scenario after parsing: frozen, fully defaulted, every quantity a number whose unit is in its name.
 * Equal hash = equal experiment. Built by `load-file.ts`; nothing else constructs one.
 */
export interface Scenario {
  readonly name: string;
  readonly question: string;
  /** Where it was read from; for messages only, not part of the hash. */
  readonly file: string;
  readonly text: string;
  /** SHA-256 (hex, 16 characters) of the defaulted content without name, question and labels. */
  readonly hash: string;
  /** Every combination of the `vary` axes less the skipped ones, in the file's order. At least one. */
  readonly settings: readonly Setting[];
  readonly skipped: readonly Axes[];
  /** Axis name -> its labels in the file's order. Empty when nothing varies. */
  readonly axes: Readonly<Record<string, readonly string[]>>;
  readonly measure: MeasureSpec;
  readonly decide: DecideSpec;
  readonly limits: LimitsSpec;
  readonly labels: Readonly<Record<string, string>>;
  /** What `--as-found` had to leave out (gates on settings that cannot be selected), one sentence each. Not hashed. */
  readonly leftOut?: readonly string[];
}

/** Axis name -> label, for example `{ batch: "32", delay: "0ms" }`. */
export type Axes = Readonly<Record<string, string>>;

/** One point of the matrix: everything that a case needs but its load step. */
export interface Setting {
  readonly axes: Axes;
  readonly target: TargetSpec;
  readonly workload: WorkloadSpec;
  readonly load: LoadSpec;
}

export type TargetSpec = ReferenceTargetSpec | ExternalTargetSpec;

export interface ReferenceTargetSpec {
  readonly kind: 'reference';
  /** A bundled model's name, or a path to the user's own ONNX file. */
  readonly model: string;
  readonly instances: number;
  /** Intra-op threads per instance. */
  readonly threads: number;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly batching: BatchingSpec;
  /** Further models that the workload's mix asks, served beside it with the same settings. */
  readonly otherModels?: readonly string[];
}

export interface BatchingSpec {
  /** 1 switches batching off. */
  readonly maxRows: number;
  readonly maxDelayMs: number;
  /** Bound of the queue in rows; beyond it the server answers 503. */
  readonly maxQueueRows: number;
  /** Batches handed to an instance at once, the running one included. */
  readonly inFlight: number;
}

export interface ExternalTargetSpec {
  readonly kind: 'external';
  /** http://host:port, https://, grpc://, grpcs:// or unix:/path */
  readonly url: string;
  readonly protocol: 'oip-rest' | 'http' | 'grpc';
  /** What is sent, with the protocol `http` or `grpc`. */
  readonly http?: HttpSpec;
  readonly grpc?: GrpcSpec;
  /** The environment variable that holds the bearer token. */
  readonly bearerEnv?: string;
  readonly tls?: TlsSpec;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further models that the workload's mix asks. */
  readonly otherModels?: readonly string[];
  /** A price-book name of the machine it runs on, when the user says so: `aws/g5.xlarge`. */
  readonly machine?: string;
}

/** What one class of requests asks for. Without a mix there is one, named `all`. */
export interface PayloadSpec {
  /** Rows per request: one number, or several with their shares. A file whose entries have rows of their own ignores it. */
  readonly rows: number | readonly RowShare[];
  /** JSON or the binary tensor extension. */
  readonly encoding: 'json' | 'binary';
  /** Input name -> distribution, as written: `normal(0, 1)`, `uniform(0, 1)`, `ints(0, 30521)`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** `all`: no payload twice. A number: that many distinct payloads in turn. */
  readonly distinct: 'all' | number;
  /** How often each payload comes; absent: as `distinct` says. */
  readonly keys?: KeysSpec;
  /** A file or folder of real inputs instead of drawn ones. */
  readonly from?: DatasetSpec;
  /** What the values of images become. */
  readonly images?: ImageSpec;
}

export interface WorkloadSpec extends PayloadSpec {
  /** Several classes at once, each with its share of the requests; shares sum to 1. */
  readonly mix?: readonly ClassSpec[];
  readonly validate?: ValidateSpec;
}

export interface ClassSpec extends PayloadSpec {
  readonly name: string;
  readonly share: number;
  /** Absent: the model of the target. */
  readonly model?: string;
}

export interface RowShare {
  readonly rows: number;
  readonly share: number;
}

export type KeysSpec =
  /** P(k) proportional to 1 / k^s over `keys` payloads; s = 0 is uniform. `keys` absent: all that a file holds. */
  | { readonly distribution: 'zipf'; readonly s: number; readonly keys?: number }
  | { readonly distribution: 'uniform'; readonly keys?: number }
  | { readonly distribution: 'once' };

export interface DatasetSpec {
  /** Absolute; neither hashed nor recorded. */
  readonly path: string;
  /** As the scenario says it. */
  readonly written: string;
  /** SHA-256 (hex) of the file, or of a folder's names and files. */
  readonly sha256: string;
}

export const IMAGE_SCALES = ['imagenet', 'unit', 'signed', 'bytes'] as const;
export interface ImageSpec {
  /** imagenet: per-channel mean and deviation of ImageNet; unit: 0 to 1; signed: -1 to 1; bytes: 0 to 255. */
  readonly scale: (typeof IMAGE_SCALES)[number];
}

/** Answers compared with what they should be. */
export interface ValidateSpec {
  /** The share of the requests whose answer is compared. */
  readonly share: number;
  /** |found - expected| <= tolerance x max(1, |expected|) for every number. */
  readonly tolerance: number;
}

/** How arrivals scatter around their rate; `gamma` is the coefficient of variation of the gaps, above 1 is bursty. */
export type Arrivals = 'even' | 'poisson' | { readonly gamma: number };

/** What drives a load: ours, or a peer with a loop and a clock of its own. */
export const ENGINES = ['inferometer', 'autocannon'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Clients that others wrote, in the place of ours. */
export const PEER_TRANSPORTS = ['node-http', 'grpc-js'] as const;
/** What carries the requests of our engine: ours over the system's calls, over Node's sockets, or a peer. */
export const TRANSPORTS = ['auto', 'native', 'node', ...PEER_TRANSPORTS] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** A search for the highest rate that holds the SLO. */
export interface SearchSpec {
  /** Width of the capacity's 95 % interval over the capacity, at which probing stops. */
  readonly precision: number;
  /** For the probes of a setting, the verdict run not counted. */
  readonly atMostMs: number;
  readonly startPerS: number;
}

export interface LoadSpec {
  /** What is measured, besides the closed pass. Absent: only the closed pass. */
  readonly open?:
    | { readonly kind: 'ladder'; readonly arrivals: Arrivals; readonly fractions: readonly number[] }
    | { readonly kind: 'rate'; readonly arrivals: Arrivals; readonly requestsPerS: number }
    | { readonly kind: 'law'; readonly arrivals: Arrivals; readonly law: RateLawSpec }
    | { readonly kind: 'offline'; readonly samples: number }
    | { readonly kind: 'replay'; readonly recording: Recording; readonly timeScale: number }
    | ({ readonly kind: 'find'; readonly arrivals: Arrivals } & SearchSpec);
  /** A closed loop: measured for its own sake, or first of all to resolve a ladder's rates ("saturation"). */
  readonly closed?: { readonly inFlight: number; readonly thinkTimeMs: number };
  readonly engine: EngineName;
  readonly transport: TransportName;
  /** Set where the load is one of MLPerf's scenarios: how it is labelled and what is reported. */
  readonly mlperf?: MlperfSpec;
  /** Threads that share one schedule; left out: one. */
  readonly generators?: number | 'auto';
  /** Connections at most; undefined: as many as the requests in flight need. */
  readonly connections?: number;
  /** Arrivals beyond this many in flight are counted `unsent`. */
  /** False: a connection for each request; absent otherwise. */
  readonly keepAlive?: false;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

/** PEM files. */
export interface TlsSpec {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
}

/** A request to any HTTP server. */
export interface HttpSpec {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, or a file that holds it. */
  readonly body?: string;
  readonly bodyFile?: string;
  /** Absent: any status from 200 to 299. */
  readonly expectStatus?: number;
}

/** A call of any gRPC server. */
export interface GrpcSpec {
  /** /package.Service/Method */
  readonly method: string;
  readonly call: 'unary' | 'server-streaming';
  readonly metadata: Readonly<Record<string, string>>;
  /** The encoded message in base64, or a file that holds its bytes; neither: a message without fields. */
  readonly message?: string;
  readonly messageFile?: string;
}

export const MLPERF_SCENARIOS = ['single-stream', 'multi-stream', 'server', 'offline'] as const;

export interface MlperfSpec {
  readonly scenario: (typeof MLPERF_SCENARIOS)[number];
  /** Of the streams: the percentile that is the result, 0.9 for the 90th. */
  readonly percentile?: number;
  /** Of multi-stream: rows of each query. */
  readonly samplesPerQuery?: number;
  /** Of offline: how many are sent at once. */
  readonly samples?: number;
}

export interface MeasureSpec {
  readonly warmupMs: number;
  readonly durationMs: number;
  /** How long the drain may last. */
  readonly drainMs: number;
  readonly trials: number;
  readonly order: 'interleaved' | 'sequential';
  readonly seed: number;
  /** Every request is written down. Not hashed: the experiment is the same. */
  readonly rawLog: boolean;
  /** Absent: measured for `durationMs`. Present: that is the shortest. */
  readonly stop?: StopSpec;
}

export interface StopSpec {
  /** Half the width of the percentile's interval over its value. */
  readonly precision: number;
  readonly of: PercentileName;
  readonly maxDurationMs: number;
}

export interface DecideSpec {
  /** Expressions as written: `p99 < 50ms`, `errors < 0.1%`. */
  readonly slo: readonly string[];
  readonly recommend?: { readonly maximize: 'capacity'; readonly tieBreak: string };
  readonly price: { readonly machine: string; readonly term: 'on-demand' | 'spot' };
  readonly gates: readonly GateSpec[];
}

export interface GateSpec {
  readonly where: Axes;
  readonly expect: readonly string[];
}

export interface LimitsSpec {
  /** Cap on the offered rate, requests/s. */
  readonly maxRequestsPerS?: number;
  /** `errors > 5% for 5s`: parsed conditions that end a case early. */
  readonly abort: readonly {
    readonly expression: string;
    readonly metric: 'errors' | 'p99';
    readonly above: number;
    readonly forMs: number;
  }[];
}
