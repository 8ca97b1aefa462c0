/** What the truth server is told. Times in milliseconds. */
export interface TruthConfig {
  readonly law: Law;
  /** Every how many-th request meets it. */
  readonly fault?: { readonly kind: FaultKind | GrpcFaultKind; readonly every: number };
  /** Spins instead of sleeping, so that answers leave within microseconds of their instant. Takes a core. */
  readonly precise?: boolean;
  /** Exits without a word at the arrival after this one. */
  readonly dieAfter?: number;
  readonly keepArrivals?: boolean;
  readonly keepAnswers?: boolean;
  /** The id that each request bears. */
  readonly keepIds?: boolean;
  readonly port?: number;
}

export type Law =
  | { readonly kind: 'constant'; readonly delayMs: number }
  /** The whole server stands still, measured from the first arrival; `delayMs` otherwise, one after another. */
  | {
      readonly kind: 'stall';
      readonly delayMs: number;
      readonly stallFromMs: number;
      readonly stallForMs: number;
    }
  /** Each by itself, fast or slow. */
  | {
      readonly kind: 'bimodal';
      readonly fastMs: number;
      readonly slowMs: number;
      readonly slowShare: number;
      readonly seed: number;
    }
  | QueueLaw;

/** One server, first in, first out: D_k = max(D_k-1, A_k) + S_k. */
export interface QueueLaw {
  readonly kind: 'queue';
  readonly service: 'exponential' | 'deterministic';
  readonly meanMs: number;
  readonly seed: number;
}

export const FAULTS = [
  'status-404',
  'status-429',
  'status-503',
  'reset',
  'reset-midway',
  'close',
  'truncated',
  'half-open',
  'dribble',
  'malformed-http',
  'malformed-json',
  'wrong-id',
] as const;
export type FaultKind = (typeof FAULTS)[number];

export const GRPC_FAULTS = [
  /** RESOURCE_EXHAUSTED and UNAVAILABLE, in a response of trailers only. */
  'grpc-status-8',
  'grpc-status-14',
  /** RST_STREAM before any answer. */
  'rst-stream',
  /** RST_STREAM after half of the message. */
  'rst-midway',
  /** GOAWAY that disowns the request, then the connection's end. */
  'goaway',
  /** GOAWAY that owns the request and answers it, then the connection's end: nothing is lost. */
  'goaway-graceful',
  /** The stream ends after the message: nobody says that it is well. */
  'no-trailers',
  /** A frame longer than the client allows. */
  'malformed-frame',
  /** A message that announces more bytes than come. */
  'short-message',
  /** The connection ends after half of the message. */
  'truncated-stream',
  'half-open',
  'dribble',
] as const;
export type GrpcFaultKind = (typeof GRPC_FAULTS)[number];

export interface Witness {
  arrivals: number;
  faults: number;
  connections: number;
  /** By the clock that all processes share (process.hrtime), only with keepArrivals. */
  readonly arrivedAtMs: number[];
  /** When each answer had been written, by the same clock. Only with keepAnswers. */
  readonly answeredAtMs: number[];
  /** Only with keepIds. */
  readonly ids: string[];
}
