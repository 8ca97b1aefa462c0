/**
 * How the offered rate runs over time, as plain content: rates in requests/s, times in milliseconds from the start of
 * the measure phase. What it means for arrivals is `load/rate-law.ts`.
 */
export type RateLawSpec =
  | { readonly shape: 'constant'; readonly perS: number }
  | { readonly shape: 'ramp'; readonly fromPerS: number; readonly toPerS: number; readonly overMs: number }
  | { readonly shape: 'stages'; readonly stages: readonly Stage[] }
  | {
      readonly shape: 'sine';
      readonly meanPerS: number;
      readonly amplitudePerS: number;
      readonly periodMs: number;
    }
  | {
      readonly shape: 'burst';
      readonly basePerS: number;
      readonly peakPerS: number;
      readonly everyMs: number;
      readonly forMs: number;
    };

/** `hold` and `jump` are one rate for a time; `ramp` runs straight to its rate from that of the stage before it, or from 0. */
export interface Stage {
  readonly kind: 'hold' | 'jump' | 'ramp';
  readonly toPerS: number;
  readonly forMs: number;
}

/** A straight piece of a law. */
export interface Segment {
  readonly fromPerS: number;
  readonly toPerS: number;
  readonly forMs: number;
}

export function segmentsOf(stages: readonly Stage[]): Segment[] {
  return stages.map(({ kind, toPerS, forMs }, at) => ({
    fromPerS: kind === 'ramp' ? (stages[at - 1]?.toPerS ?? 0) : toPerS,
    toPerS,
    forMs,
  }));
}

/** The law's own length; undefined where it has none and runs for as long as it is measured. */
export function lengthMsOf(law: RateLawSpec): number | undefined {
  if (law.shape === 'ramp') return law.overMs;
  if (law.shape === 'stages') return law.stages.reduce((sum, { forMs }) => sum + forMs, 0);
  return undefined;
}

/** The highest rate that it ever asks for, requests/s. */
export function peakPerSOf(law: RateLawSpec): number {
  switch (law.shape) {
    case 'constant':
      return law.perS;
    case 'ramp':
      return Math.max(law.fromPerS, law.toPerS);
    case 'stages':
      return Math.max(0, ...law.stages.map(({ toPerS }) => toPerS));
    case 'sine':
      return law.meanPerS + law.amplitudePerS;
    case 'burst':
      return Math.max(law.basePerS, law.peakPerS);
  }
}

/** `ramp from 10/s to 200/s over 30 s`. */
export function lawWords(law: RateLawSpec): string {
  switch (law.shape) {
    case 'constant':
      return `constant ${perS(law.perS)}`;
    case 'ramp':
      return `ramp from ${perS(law.fromPerS)} to ${perS(law.toPerS)} over ${seconds(law.overMs)}`;
    case 'stages':
      return law.stages
        .map(({ kind, toPerS, forMs }) => `${STAGE_WORDS[kind]} ${perS(toPerS)} for ${seconds(forMs)}`)
        .join(', ');
    case 'sine':
      return `sine around ${perS(law.meanPerS)} by ${perS(law.amplitudePerS)}, period ${seconds(law.periodMs)}`;
    case 'burst':
      return `${perS(law.basePerS)}, every ${seconds(law.everyMs)} a burst of ${perS(law.peakPerS)} for ${seconds(law.forMs)}`;
  }
}

const STAGE_WORDS = { hold: 'hold', jump: 'jump to', ramp: 'ramp to' } as const;

function perS(requestsPerS: number): string {
  return `${Number(requestsPerS.toPrecision(6))}/s`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Number(ms.toPrecision(6))} ms` : `${Number((ms / 1000).toPrecision(6))} s`;
}
