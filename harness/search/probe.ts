/** What one bound of the promise counted: `p99 < 50ms` allows a hundredth of the requests to take longer. */
export interface BoundCount {
  /** The expression as written. */
  readonly expression: string;
  /** Requests that were worse than the bound, those without an end among them. */
  readonly bad: number;
  readonly of: number;
  /** The share of bad ones that the bound allows, between 0 and 1. */
  readonly allowed: number;
}

/** What a run at one rate brought home, as the planner sees it. */
export interface ProbeResult {
  readonly kind: 'probe' | 'verdict';
  /** The rate that was asked for. */
  readonly requestsPerS: number;
  /** Arrivals / time: what a random schedule really came to. */
  readonly offeredPerS: number;
  readonly seed: number;
  /** Wall time with warm-up, drain and whatever had to be waited for. */
  readonly tookMs: number;
  readonly durationMs: number;
  readonly counts: readonly BoundCount[];
  /**
   * probe: `pass` and `breach` say on which side of the promise it fell, without proof. verdict: `pass` is proven.
   * `unclear`: neither, because the case may not be believed; `why` says why.
   */
  readonly outcome: 'pass' | 'breach' | 'unclear';
  readonly why?: string;
  /** The client, not the server, shaped the figures. */
  readonly clientLimited: boolean;
  /** More load than the server carries: a breach whatever was counted. */
  readonly overloaded: boolean;
}
