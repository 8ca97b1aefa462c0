import { describe, expect, it } from 'vitest';
import { type CredibilityFacts, credibility, lateAfterMs } from '../../../harness/gates/credibility.ts';

const QUIET: CredibilityFacts = {
  percentiles: [
    { name: 'p50', responseMs: 10, responseLowMs: 10, lessDispatchLagMs: 9.9, lessConnectionWaitMs: 10 },
    { name: 'p99', responseMs: 20, responseLowMs: 20, lessDispatchLagMs: 19.5, lessConnectionWaitMs: 20 },
  ],
  lateShare: 0.001,
  lateAfterMs: 2,
  arrivals: 10_000,
  receiveLagP90Ms: 0.5,
  overload: undefined,
  unsent: 0,
  answered: 9000,
  steadiness: { verdict: 'steady', message: 'changes by -1 % to +2 % over the run' },
  missingHeadline: undefined,
  clock: { monotonicMs: 4000, wallMs: 4001 },
  negativeTimes: 0,
  endedEarly: undefined,
  causes: [],
};

const percentile = (change: Partial<CredibilityFacts['percentiles'][number]>): Partial<CredibilityFacts> => ({
  percentiles: [
    {
      name: 'p99',
      responseMs: 20,
      responseLowMs: 20,
      lessDispatchLagMs: 20,
      lessConnectionWaitMs: 20,
      ...change,
    },
  ],
});

/** Each alone: the facts that give a status, and the reason's id. */
const FINDINGS = {
  negative: [{ negativeTimes: 1 }, 'inconclusive', 'negative-time'],
  clock: [{ clock: { monotonicMs: 4000, wallMs: 4051 } }, 'inconclusive', 'clock-drift'],
  lag: [percentile({ lessDispatchLagMs: 18.9 }), 'client-limited', 'dispatch-lag'],
  late: [{ lateShare: 0.02 }, 'client-limited', 'late-arrivals'],
  receive: [{ receiveLagP90Ms: 2.1 }, 'client-limited', 'receive-lag'],
  wait: [percentile({ lessConnectionWaitMs: 18.9 }), 'connection-limited', 'connection-wait'],
  cap: [{ unsent: 1 }, 'connection-limited', 'in-flight-cap'],
  overload: [{ overload: 'answered 60 % of the 200/s that it was offered' }, 'overloaded', 'overloaded'],
  unanswered: [{ answered: 0 }, 'inconclusive', 'nothing-answered'],
  samples: [{ missingHeadline: 'p99 needs 459' }, 'inconclusive', 'too-few-samples'],
  drift: [{ steadiness: { verdict: 'unsteady', message: 'drifts' } }, 'inconclusive', 'unsteady'],
  early: [{ endedEarly: 'aborted' }, 'inconclusive', 'ended-early'],
} as const satisfies Record<string, readonly [Partial<CredibilityFacts>, string, string]>;

describe('credibility', () => {
  it('believes a quiet run', () => {
    expect(credibility(QUIET)).toEqual({ status: 'valid', reasons: [] });
  });

  it.each(Object.entries(FINDINGS))('finds: %s', (_, [facts, status, id]) => {
    const found = credibility({ ...QUIET, ...facts });
    expect(found.status).toBe(status);
    expect(found.reasons.map((reason) => reason.id)).toEqual([id]);
    for (const { message, advice } of found.reasons) {
      expect(message).toMatch(/\.$/);
      expect(advice.length).toBeGreaterThan(10);
    }
  });

  it.each([
    ['a difference of 5 %', percentile({ lessDispatchLagMs: 19 })],
    [
      'a difference that clocks cannot resolve',
      percentile({ responseMs: 0.5, lessDispatchLagMs: 0.41, lessConnectionWaitMs: 0.41 }),
    ],
    ['1 % of late arrivals', { lateShare: 0.01 }],
    ['reading 2 ms late', { receiveLagP90Ms: 2 }],
    ['50 ms between clocks', { clock: { monotonicMs: 4000, wallMs: 4050 } }],
    ['1 % between clocks in a long run', { clock: { monotonicMs: 100_000, wallMs: 100_900 } }],
    ['a run too noisy to call steady', { steadiness: { verdict: 'not-assessed', message: 'noisy' } }],
  ] as const)('does not mind %s', (_, facts) => {
    expect(credibility({ ...QUIET, ...facts }).status).toBe('valid');
  });

  it('names the first in the order: our fault, the client, its connections, the server, too little', () => {
    const order = ['negative', 'lag', 'wait', 'overload', 'samples'] as const;
    const remaining = [...order];
    while (remaining.length > 0) {
      const facts = remaining.map((name) => FINDINGS[name][0]);
      const percentiles = [...facts.flatMap((one) => ('percentiles' in one ? (one.percentiles ?? []) : []))];
      const found = credibility(Object.assign({}, QUIET, ...facts, { percentiles }));
      const [first] = remaining;
      expect(found.status).toBe(first === undefined ? 'valid' : FINDINGS[first][1]);
      expect(found.reasons).toHaveLength(remaining.length);
      remaining.shift();
    }
  });

  it('blames an unsent request on the overloaded server that caused it', () => {
    const { status, reasons } = credibility({ ...QUIET, unsent: 7, overload: 'answered 60 %' });
    expect([status, reasons.length]).toEqual(['overloaded', 1]);
    expect(reasons[0]?.message).toContain('7 arrivals met the cap');
  });

  it('prints the cause of a late client', () => {
    const facts = {
      ...QUIET,
      lateShare: 0.2,
      causes: [{ id: 'gc', message: 'garbage collection paused the generator for up to 9.0 ms' }] as const,
    };
    const { reasons, causes } = credibility(facts);
    expect(reasons[0]?.message).toContain('Seen meanwhile: garbage collection');
    expect(causes).toEqual(facts.causes);
  });

  it('does not convict a client whose lag moves a percentile within its own interval', () => {
    const moved = percentile({ responseLowMs: 17, lessDispatchLagMs: 18 });
    expect(credibility({ ...QUIET, ...moved }).status).toBe('valid');
    const beyond = percentile({ responseLowMs: 17, lessDispatchLagMs: 16 });
    expect(credibility({ ...QUIET, ...beyond }).status).toBe('client-limited');
  });

  it('needs proof that more than 1 % were late: 10 of 600 may be chance, 11 may not', () => {
    const late = (count: number) => credibility({ ...QUIET, arrivals: 600, lateShare: count / 600 }).status;
    expect(late(10)).toBe('valid');
    expect(late(11)).toBe('client-limited');
  });
});

it.each([
  [undefined, 2],
  [5, 2],
  [100, 10],
])('with a median of %d ms an arrival is late after %d ms', (medianMs, lateMs) => {
  expect(lateAfterMs(medianMs)).toBe(lateMs);
});
