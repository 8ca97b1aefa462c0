import { type RateLawSpec, type Segment, segmentsOf } from '../scenario/rate-law.ts';

/**
 * A rate over time as its integral, the arrivals that are expected by an instant. Milliseconds from the law's zero.
 *
 *     expected(t) = integral of the rate from 0 to t         never falls
 *     whenMs(x)   = the last t with expected(t) <= x         Infinity where the law ends before
 *
 * So an arrival that is due when a stretch without load begins is the first one after it.
 */
export interface RateLaw {
  expected(tMs: number): number;
  whenMs(expected: number): number;
  /** Requests/s at that instant. */
  ratePerS(tMs: number): number;
}

export function rateLaw(spec: RateLawSpec): RateLaw {
  switch (spec.shape) {
    case 'constant':
      return constant(spec.perS);
    case 'ramp':
      return piecewise([{ fromPerS: spec.fromPerS, toPerS: spec.toPerS, forMs: spec.overMs }]);
    case 'stages':
      return piecewise(segmentsOf(spec.stages));
    case 'burst':
      return repeated(
        piecewise([level(spec.basePerS, spec.everyMs - spec.forMs), level(spec.peakPerS, spec.forMs)]),
        spec.everyMs,
      );
    case 'sine':
      return repeated(onePeriod(spec.meanPerS, spec.amplitudePerS, spec.periodMs), spec.periodMs);
  }
}

/** Mean rate over the first `lengthMs`, requests/s. */
export function meanPerS(law: RateLaw, lengthMs: number): number {
  return (1000 * law.expected(lengthMs)) / lengthMs;
}

/** The law's first rate for `leadMs`, then the law: what a warm-up drives. */
export function withLeadIn(law: RateLaw, leadMs: number): RateLaw {
  if (leadMs === 0) return law;
  const lead = constant(law.ratePerS(0));
  const before = lead.expected(leadMs);
  return {
    expected: (tMs) => (tMs < leadMs ? lead.expected(tMs) : before + law.expected(tMs - leadMs)),
    whenMs: (expected) =>
      expected < before ? lead.whenMs(expected) : leadMs + law.whenMs(expected - before),
    ratePerS: (tMs) => (tMs < leadMs ? lead.ratePerS(tMs) : law.ratePerS(tMs - leadMs)),
  };
}

function level(perS: number, forMs: number): Segment {
  return { fromPerS: perS, toPerS: perS, forMs };
}

function constant(perS: number): RateLaw {
  return {
    expected: (tMs) => (tMs * perS) / 1000,
    whenMs: (expected) => (perS > 0 ? (1000 * expected) / perS : Number.POSITIVE_INFINITY),
    ratePerS: () => perS,
  };
}

/** Straight pieces, one after the other; after the last there is nothing. */
function piecewise(pieces: readonly Segment[]): RateLaw {
  const segments = pieces.filter(({ forMs }) => forMs > 0);
  const startsMs: number[] = [];
  const before: number[] = [];
  let endMs = 0;
  let total = 0;
  for (const segment of segments) {
    startsMs.push(endMs);
    before.push(total);
    endMs += segment.forMs;
    total += expectedIn(segment, segment.forMs);
  }
  return {
    expected(tMs) {
      const at = lastNotAbove(startsMs, tMs);
      const segment = segments[at];
      if (segment === undefined || tMs >= endMs) return tMs < 0 ? 0 : total;
      return (before[at] ?? 0) + expectedIn(segment, tMs - (startsMs[at] ?? 0));
    },
    whenMs(expected) {
      if (expected >= total) return Number.POSITIVE_INFINITY;
      const at = lastNotAbove(before, expected);
      const segment = segments[at];
      if (segment === undefined) return 0;
      return (startsMs[at] ?? 0) + Math.min(segment.forMs, whenIn(segment, expected - (before[at] ?? 0)));
    },
    ratePerS(tMs) {
      const at = lastNotAbove(startsMs, tMs);
      const segment = segments[at];
      if (segment === undefined || tMs >= endMs) return 0;
      const { fromPerS, toPerS, forMs } = segment;
      return fromPerS + ((toPerS - fromPerS) * (tMs - (startsMs[at] ?? 0))) / forMs;
    },
  };
}

/** The last place in a rising list whose value does not exceed `limit`; -1 where there is none. */
function lastNotAbove(rising: readonly number[], limit: number): number {
  let at = rising.length - 1;
  while (at >= 0 && (rising[at] ?? 0) > limit) at -= 1;
  return at;
}

function expectedIn({ fromPerS, toPerS, forMs }: Segment, tMs: number): number {
  return (tMs * (fromPerS + ((toPerS - fromPerS) * tMs) / (2 * forMs))) / 1000;
}

/** Root of from t + (to - from) t^2 / (2 length) = x, in the form that does not cancel. */
function whenIn({ fromPerS, toPerS, forMs }: Segment, expected: number): number {
  if (expected <= 0) return 0;
  const curve = (2 * expected * (toPerS - fromPerS)) / (forMs / 1000);
  return (2000 * expected) / (fromPerS + Math.sqrt(Math.max(0, fromPerS ** 2 + curve)));
}

/** One period over and over. */
function repeated(once: RateLaw, periodMs: number): RateLaw {
  const perPeriod = once.expected(periodMs);
  return {
    expected(tMs) {
      const periods = Math.floor(tMs / periodMs);
      return periods * perPeriod + once.expected(tMs - periods * periodMs);
    },
    whenMs(expected) {
      if (perPeriod === 0) return Number.POSITIVE_INFINITY;
      const periods = Math.floor(expected / perPeriod);
      const rest = Math.max(0, expected - periods * perPeriod);
      return periods * periodMs + Math.min(periodMs, once.whenMs(rest));
    },
    ratePerS: (tMs) => once.ratePerS(tMs - Math.floor(tMs / periodMs) * periodMs),
  };
}

/**
 * mean + amplitude sin(2 pi t / period). Its integral has no inverse in closed form: Newton's method, kept between two
 * bounds that close in from both sides. Within a nanosecond, as long as the rate stays above a millionth of its mean.
 */
function onePeriod(meanPerS: number, amplitudePerS: number, periodMs: number): RateLaw {
  const turn = (2 * Math.PI) / periodMs;
  const expected = (tMs: number): number =>
    (meanPerS * tMs + (amplitudePerS / turn) * (1 - Math.cos(turn * tMs))) / 1000;
  const ratePerS = (tMs: number): number => meanPerS + amplitudePerS * Math.sin(turn * tMs);
  return {
    expected,
    ratePerS,
    whenMs(wanted) {
      let [lowMs, highMs] = [0, periodMs];
      let tMs = Math.min(periodMs, (1000 * wanted) / meanPerS);
      while (highMs - lowMs > CLOSE_MS) {
        const missing = wanted - expected(tMs);
        if (missing === 0) return tMs;
        if (missing > 0) lowMs = tMs;
        else highMs = tMs;
        const stepMs = (1000 * missing) / ratePerS(tMs);
        if (Math.abs(stepMs) < CLOSE_MS) return tMs;
        const next = tMs + stepMs;
        // Also where the rate is 0 and the step is not a number.
        tMs = next > lowMs && next < highMs ? next : (lowMs + highMs) / 2;
      }
      return tMs;
    },
  };
}

const CLOSE_MS = 1e-7;
