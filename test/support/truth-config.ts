/** What the truth server is told. Times in milliseconds. */
export interface TruthConfig {
  readonly law: Law;
  readonly fault?: { readonly kind: FaultKind; readonly every: number };
  /** Spins instead of sleeping, so that answers leave within microseconds of their instant. Takes a core. */
  readonly precise?: boolean;
  /** Exits without a word at the arrival after this one. */
  readonly dieAfter?: number;
  readonly keepArrivals?: boolean;
  readonly keepAnswers?: boolean;
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
  /** One server, first in, first out: D_k = max(D_k-1, A_k) + S_k. */
  | {
      readonly kind: 'queue';
      readonly service: 'exponential' | 'deterministic';
      readonly meanMs: number;
      readonly seed: number;
    };

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

export interface Witness {
  arrivals: number;
  faults: number;
  connections: number;
  /** Wall clock, only with keepArrivals. */
  readonly arrivedAtMs: number[];
  /** When each answer had been written. Wall clock, only with keepAnswers. */
  readonly answeredAtMs: number[];
}
