import type { RateLawSpec, WrittenRate } from './rate-law.ts';
import type { Recording } from './replay-file.ts';

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
    | { readonly kind: 'law'; readonly arrivals: Arrivals; readonly law: RateLawSpec<WrittenRate> }
    | { readonly kind: 'offline'; readonly samples: number }
    | {
        readonly kind: 'replay';
        readonly recording: Recording;
        readonly timeScale: number;
        /** Only each so-many-th arrival, from the first on; absent: all. */
        readonly every?: number;
      }
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
  /** False: a connection for each request; absent otherwise. */
  readonly keepAlive?: false;
  /** Arrivals beyond this many in flight are counted `unsent`. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
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
