import type { Cause, CredibilityRecord } from '../record/judged.ts';
import { binomialCdf } from '../statistics/binomial.ts';

/** What decides whether a case may be believed. Times in ms; a percentile without its samples is left out. */
export interface CredibilityFacts {
  /** Reported percentiles of the response time, and what they would be without the client's own waits. */
  readonly percentiles: readonly {
    readonly name: string;
    readonly responseMs: number;
    /** Lower end of its 95 % interval. */
    readonly responseLowMs: number;
    readonly lessDispatchLagMs: number;
    readonly lessConnectionWaitMs: number;
  }[];
  /** Share of arrivals that were dispatched later than `lateAfterMs` of the response's median. */
  readonly lateShare: number;
  readonly lateAfterMs: number;
  /** Arrivals that were sent: what the share is of. */
  readonly arrivals: number;
  /** Ninetieth percentile of how late the generator's event loop came round to reading. */
  readonly receiveLagP90Ms: number | undefined;
  /** Why the server did not keep up; undefined where it did. */
  readonly overload: string | undefined;
  readonly unsent: number;
  /** Requests answered ok. */
  readonly answered: number;
  readonly steadiness: { readonly verdict: 'steady' | 'unsteady' | 'not-assessed'; readonly message: string };
  /** Why a gated or headline percentile has no figure; undefined where it has one. */
  readonly missingHeadline: string | undefined;
  readonly clock: { readonly monotonicMs: number; readonly wallMs: number };
  /** Times that came out negative: a bug of ours. */
  readonly negativeTimes: number;
  readonly endedEarly: string | undefined;
  /** What slowed the client, where something is known to. */
  readonly causes: readonly Cause[];
}

type Reason = CredibilityRecord['reasons'][number];
type Status = CredibilityRecord['status'];

const DIFFERENCE = 0.05;
/** Below this, a wait is the resolution of clocks and wake-ups, not a finding. */
const RESOLUTION_MS = 0.1;
/** Nobody is late by less. */
export const LATE_MS = 2;
const LATE_SHARE = 0.01;
const CHANCE = 0.05;

/** An arrival is late when it lags by more than this: max(2 ms, 10 % of the median response). */
export function lateAfterMs(responseP50Ms: number | undefined): number {
  return Math.max(LATE_MS, 0.1 * (responseP50Ms ?? 0));
}

/**
 * The status is that of the first rule that speaks; every rule's reasons are kept.
 *
 *   our own fault (a bug, the clock) > the client's > its connections' > the server's > too little to tell > valid
 *
 * The client comes before the server because a late client can look like a slow server and not the other way round;
 * overload comes before "too little to tell" because a growing queue explains missing percentiles and unsteadiness.
 */
export function credibility(facts: CredibilityFacts): CredibilityRecord {
  const rules: readonly [Status, Reason[]][] = [
    ['inconclusive', broken(facts)],
    ['client-limited', clientLimited(facts)],
    ['connection-limited', connectionLimited(facts)],
    ['overloaded', overloaded(facts)],
    ['inconclusive', tooLittle(facts)],
  ];
  const [status = 'valid'] = rules.find(([, reasons]) => reasons.length > 0) ?? [];
  const record = { status, reasons: rules.flatMap(([, reasons]) => reasons) };
  return facts.causes.length === 0 ? record : { ...record, causes: [...facts.causes] };
}

function broken(facts: CredibilityFacts): Reason[] {
  const reasons: Reason[] = [];
  if (facts.negativeTimes > 0) {
    reasons.push({
      id: 'negative-time',
      message: `${facts.negativeTimes} times came out negative, which cannot be.`,
      advice: 'This is a fault of Inferometer; please report it with the scenario.',
    });
  }
  const { monotonicMs, wallMs } = facts.clock;
  const driftMs = Math.abs(monotonicMs - wallMs);
  if (driftMs > Math.max(0.01 * monotonicMs, 50)) {
    reasons.push({
      id: 'clock-drift',
      message: `The wall clock and the monotonic clock disagree by ${driftMs.toFixed(0)} ms over the case.`,
      advice: 'The clock was being adjusted: repeat when time synchronisation has settled.',
    });
  }
  return reasons;
}

function clientLimited(facts: CredibilityFacts): Reason[] {
  const advice =
    'Give the generator a core of its own, lower the rate, or drive the server from another machine.';
  const because = seenMeanwhile(facts.causes);
  const reasons: Reason[] = [];
  const shaped = facts.percentiles.find((one) => differs(one, one.lessDispatchLagMs));
  if (shaped !== undefined) {
    reasons.push({
      id: 'dispatch-lag',
      message: `The generator acted late: without its own lag ${shaped.name} would read ${ms(shaped.lessDispatchLagMs)} instead of ${ms(shaped.responseMs)}.${because}`,
      advice,
    });
  }
  if (provenLate(facts)) {
    reasons.push({
      id: 'late-arrivals',
      message: `${(facts.lateShare * 100).toFixed(1)} % of the requests left more than ${ms(facts.lateAfterMs)} after they were due.${because}`,
      advice,
    });
  }
  if ((facts.receiveLagP90Ms ?? 0) > facts.lateAfterMs) {
    reasons.push({
      id: 'receive-lag',
      message: `The generator read answers late, by ${ms(facts.receiveLagP90Ms ?? 0)} one time in ten.${because}`,
      advice,
    });
  }
  return reasons;
}

/** ` Seen meanwhile: ...`, or nothing. */
export function seenMeanwhile(causes: readonly Cause[]): string {
  return causes.length === 0 ? '' : ` Seen meanwhile: ${causes.map(({ message }) => message).join('; ')}.`;
}

function connectionLimited(facts: CredibilityFacts): Reason[] {
  const reasons: Reason[] = [];
  const shaped = facts.percentiles.find((one) => differs(one, one.lessConnectionWaitMs));
  if (shaped !== undefined) {
    reasons.push({
      id: 'connection-wait',
      message: `Requests waited for a free connection of the client: without that ${shaped.name} would read ${ms(shaped.lessConnectionWaitMs)} instead of ${ms(shaped.responseMs)}.`,
      advice: 'Raise load.connections.',
    });
  }
  if (facts.unsent > 0 && facts.overload === undefined) {
    reasons.push({
      id: 'in-flight-cap',
      message: `${facts.unsent} arrivals met the cap of requests in flight and were never sent.`,
      advice: 'Raise load.maxInFlight, or lower the rate.',
    });
  }
  return reasons;
}

function overloaded({ overload, unsent }: CredibilityFacts): Reason[] {
  if (overload === undefined) return [];
  const never =
    unsent > 0 ? ` ${unsent} arrivals met the cap of requests in flight and were never sent.` : '';
  return [
    {
      id: 'overloaded',
      message: `More load than the server can carry: it ${overload}.${never}`,
      advice:
        'Read its throughput; its latency describes a growing queue. Lower the rate to find what it holds.',
    },
  ];
}

function tooLittle(facts: CredibilityFacts): Reason[] {
  const reasons: Reason[] = [];
  if (facts.answered === 0) {
    reasons.push({
      id: 'nothing-answered',
      message: 'Not one request was answered.',
      advice: 'Look at the outcomes and at the log of the server; a longer load.timeout may be needed.',
    });
  }
  if (facts.missingHeadline !== undefined) {
    reasons.push({
      id: 'too-few-samples',
      message: `A percentile that matters has no figure: ${facts.missingHeadline}.`,
      advice: 'Lengthen measure.duration, raise the rate, or add trials.',
    });
  }
  if (facts.steadiness.verdict === 'unsteady') {
    reasons.push({
      id: 'unsteady',
      message: `The figures did not hold still: ${facts.steadiness.message}.`,
      advice: 'Lengthen measure.warmup; if it stays so, the server itself drifts.',
    });
  }
  if (facts.endedEarly !== undefined) {
    reasons.push({
      id: 'ended-early',
      message: `The case ended before its time: ${facts.endedEarly}.`,
      advice: 'Run it again for the whole of it.',
    });
  }
  return reasons;
}

/**
 * More than 5 % apart, by more than clocks can resolve, and by more than the percentile's own interval: a wait that
 * moves a figure within its stated error has not falsified it.
 */
function differs(
  { responseMs, responseLowMs }: CredibilityFacts['percentiles'][number],
  withoutMs: number,
): boolean {
  const apart = responseMs - withoutMs;
  return apart > DIFFERENCE * responseMs && apart > RESOLUTION_MS && withoutMs < responseLowMs;
}

/** More than 1 % of the arrivals were late, and not by chance: that many would come of 1 % less than once in twenty. */
export function provenLate({
  lateShare,
  arrivals,
}: Pick<CredibilityFacts, 'lateShare' | 'arrivals'>): boolean {
  const late = Math.round(lateShare * arrivals);
  return lateShare > LATE_SHARE && 1 - binomialCdf(late - 1, arrivals, LATE_SHARE) < CHANCE;
}

function ms(value: number): string {
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} ms`;
}
