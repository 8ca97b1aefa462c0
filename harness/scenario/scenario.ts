import type { PercentileName } from '../statistics/intervals.ts';
import type { EventSpec } from './event-spec.ts';
import type { LoadSpec } from './load-spec.ts';
import type { TargetSpec } from './target-spec.ts';
import type { WorkloadSpec } from './workload-spec.ts';

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
  /** In the order in which they happen; absent: nothing happens. */
  readonly events?: readonly EventSpec[];
  readonly decide: DecideSpec;
  readonly limits: LimitsSpec;
  readonly labels: Readonly<Record<string, string>>;
  /** What `--as-found` had to leave out (gates on settings that cannot be selected), one sentence each. Not hashed. */
  readonly leftOut?: readonly string[];
  /** `--quick` shortened it. Not hashed: the shorter times are. */
  readonly quick?: true;
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
  /** Metrics and findings by name: `cpuMsPer1000`, `breakEvenHitRate`. */
  readonly report?: readonly string[];
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
