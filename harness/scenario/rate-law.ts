/**
 * How the offered rate runs over time, as plain content: rates in requests/s, times in milliseconds from the start of
 * the measure phase. What it means for arrivals is `load/rate-law.ts`. A scenario may give rates as shares, which the
 * closed pass turns into requests/s.
 */
export type RateLawSpec<Rate = number> =
  | { readonly shape: 'constant'; readonly perS: Rate }
  | { readonly shape: 'ramp'; readonly fromPerS: Rate; readonly toPerS: Rate; readonly overMs: number }
  | { readonly shape: 'stages'; readonly stages: readonly Stage<Rate>[] }
  | {
      readonly shape: 'sine';
      readonly meanPerS: Rate;
      readonly amplitudePerS: Rate;
      readonly periodMs: number;
    }
  | {
      readonly shape: 'burst';
      readonly basePerS: Rate;
      readonly peakPerS: Rate;
      readonly everyMs: number;
      readonly forMs: number;
    };

/** `hold` and `jump` are one rate for a time; `ramp` runs straight to its rate from that of the stage before it, or from 0. */
export interface Stage<Rate = number> {
  readonly kind: 'hold' | 'jump' | 'ramp';
  readonly toPerS: Rate;
  readonly forMs: number;
}

/** Of the best rate that any setting reached in the closed pass: 0.4 for `40%`. */
export interface RateShare {
  readonly share: number;
}
/** A rate as a scenario gives it. */
export type WrittenRate = number | RateShare;

/** The law with every rate put through `change`. */
export function withRates<From, To>(law: RateLawSpec<From>, change: (rate: From) => To): RateLawSpec<To> {
  switch (law.shape) {
    case 'constant':
      return { ...law, perS: change(law.perS) };
    case 'ramp':
      return { ...law, fromPerS: change(law.fromPerS), toPerS: change(law.toPerS) };
    case 'stages':
      return { ...law, stages: law.stages.map((stage) => ({ ...stage, toPerS: change(stage.toPerS) })) };
    case 'sine':
      return { ...law, meanPerS: change(law.meanPerS), amplitudePerS: change(law.amplitudePerS) };
    case 'burst':
      return { ...law, basePerS: change(law.basePerS), peakPerS: change(law.peakPerS) };
  }
}

export function hasShares(law: RateLawSpec<WrittenRate>): boolean {
  let has = false;
  withRates(law, (rate) => {
    has ||= typeof rate === 'object';
  });
  return has;
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
export function lengthMsOf(law: RateLawSpec<unknown>): number | undefined {
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

/** `ramp from 10/s to 200/s over 30 s`, or from `10%` to `80%`. */
export function lawWords(law: RateLawSpec<WrittenRate>): string {
  switch (law.shape) {
    case 'constant':
      return `constant ${rateWords(law.perS)}`;
    case 'ramp':
      return `ramp from ${rateWords(law.fromPerS)} to ${rateWords(law.toPerS)} over ${seconds(law.overMs)}`;
    case 'stages':
      return law.stages
        .map(({ kind, toPerS, forMs }) => `${STAGE_WORDS[kind]} ${rateWords(toPerS)} for ${seconds(forMs)}`)
        .join(', ');
    case 'sine':
      return `sine around ${rateWords(law.meanPerS)} by ${rateWords(law.amplitudePerS)}, period ${seconds(law.periodMs)}`;
    case 'burst':
      return `${rateWords(law.basePerS)}, every ${seconds(law.everyMs)} a burst of ${rateWords(law.peakPerS)} for ${seconds(law.forMs)}`;
  }
}

const STAGE_WORDS = { hold: 'hold', jump: 'jump to', ramp: 'ramp to' } as const;

/** `200/s`, or `40%`. */
export function rateWords(rate: WrittenRate): string {
  return typeof rate === 'number' ? rateLabel(rate) : fractionLabel(rate.share);
}

/** 200 -> `200/s`. */
export function rateLabel(requestsPerS: number): string {
  return `${Number(requestsPerS.toPrecision(6))}/s`;
}

/** 0.4 -> `40%`. */
export function fractionLabel(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))}%`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Number(ms.toPrecision(6))} ms` : `${Number((ms / 1000).toPrecision(6))} s`;
}
