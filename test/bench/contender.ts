import type { BenchTarget } from './bench-target.ts';

/** Who drives load in one round, as a command of its own. */
export interface Contender {
  readonly name: string;
  /** Why it cannot take part; undefined when it can. */
  missing(): string | undefined;
  command(target: BenchTarget, seconds: number): readonly string[];
  /** What it says that it did, from its output; undefined when it does not say. */
  claims(output: string): Claims | undefined;
  /** Requests that its claims may leave out: those in flight when it stopped. */
  readonly inFlight: number;
}

export interface Claims {
  readonly ok: number;
  readonly failed: number;
}

/** One kind of request, the same for every contender. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Holds the body; absent when there is none. */
  readonly bodyFile?: string;
  readonly connections: number;
  /** Streams a connection, where connections have several. */
  readonly streams: number;
}
