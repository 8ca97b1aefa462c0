import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { meanPerS, rateLaw, withLeadIn } from '../../../harness/load/rate-law.ts';
import {
  lawWords,
  lengthMsOf,
  peakPerSOf,
  type RateLawSpec,
  type Stage,
} from '../../../harness/scenario/rate-law.ts';

const RAMP: RateLawSpec = { shape: 'ramp', fromPerS: 10, toPerS: 30, overMs: 10_000 };
const STAGES: RateLawSpec = {
  shape: 'stages',
  stages: [
    { kind: 'hold', toPerS: 0, forMs: 10_000 },
    { kind: 'hold', toPerS: 50, forMs: 20_000 },
    { kind: 'hold', toPerS: 0, forMs: 5_000 },
    { kind: 'jump', toPerS: 250, forMs: 30_000 },
    { kind: 'ramp', toPerS: 50, forMs: 10_000 },
  ],
};
const SINE: RateLawSpec = { shape: 'sine', meanPerS: 100, amplitudePerS: 80, periodMs: 60_000 };
const BURST: RateLawSpec = { shape: 'burst', basePerS: 10, peakPerS: 200, everyMs: 5000, forMs: 500 };

describe('closed forms', () => {
  it('constant', () => {
    const law = rateLaw({ shape: 'constant', perS: 4 });
    expect([law.expected(250), law.whenMs(3), law.ratePerS(9e9)]).toEqual([1, 750, 4]);
  });

  it('ramp: the integral is a parabola, and ends', () => {
    const law = rateLaw(RAMP);
    // 10 t + t^2 = 75 at 5 s, and 200 in all.
    expect(law.expected(5000)).toBeCloseTo(75, 12);
    expect(law.whenMs(75)).toBeCloseTo(5000, 9);
    expect(law.ratePerS(5000)).toBe(20);
    expect(law.expected(10_000)).toBe(200);
    expect(law.expected(99_000)).toBe(200);
    expect(law.whenMs(199.999)).toBeLessThan(10_000);
    expect(law.whenMs(200)).toBe(Number.POSITIVE_INFINITY);
    expect(law.ratePerS(10_000)).toBe(0);
  });

  it('ramp: down to nothing, and up from nothing', () => {
    const down = rateLaw({ shape: 'ramp', fromPerS: 20, toPerS: 0, overMs: 10_000 });
    expect(down.whenMs(75)).toBeCloseTo(5000, 9);
    const up = rateLaw({ shape: 'ramp', fromPerS: 0, toPerS: 20, overMs: 10_000 });
    expect(up.whenMs(0)).toBe(0);
    expect(up.whenMs(25)).toBeCloseTo(5000, 9);
  });

  it('stages: what is due when a stretch without load begins comes at its end', () => {
    const law = rateLaw(STAGES);
    expect(law.whenMs(0)).toBe(10_000);
    expect(law.whenMs(1)).toBe(10_020);
    expect(law.expected(30_000)).toBe(1000);
    expect(law.expected(33_000)).toBe(1000);
    expect(law.whenMs(999)).toBe(29_980);
    expect(law.whenMs(1000)).toBe(35_000);
    expect(law.expected(65_000)).toBe(8500);
    // 250 t - 10 t^2 after the jump: 5 s into the ramp 1,000 more.
    expect(law.expected(70_000)).toBe(9500);
    expect(law.ratePerS(70_000)).toBe(150);
    expect(law.whenMs(10_000)).toBe(Number.POSITIVE_INFINITY);
  });

  it('burst: the last part of every period', () => {
    const law = rateLaw(BURST);
    // 4.5 s x 10 + 0.5 s x 200
    expect(law.expected(5000)).toBe(145);
    expect(law.expected(4500)).toBe(45);
    expect(law.whenMs(45)).toBe(4500);
    expect(law.whenMs(145 * 1000 + 46)).toBeCloseTo(5_000_000 + 4505, 6);
    expect([law.ratePerS(4499), law.ratePerS(4500), law.ratePerS(5000)]).toEqual([10, 200, 10]);
  });

  it('burst from nothing: the first arrival is where the first burst begins', () => {
    const law = rateLaw({ ...BURST, basePerS: 0 } as RateLawSpec);
    expect(law.whenMs(0)).toBe(4500);
    expect(law.whenMs(100)).toBe(9500);
  });

  it('sine: its mean over whole periods, and above it in the first half', () => {
    const law = rateLaw(SINE);
    expect(law.expected(60_000)).toBeCloseTo(6000, 9);
    expect(law.expected(600_000)).toBeCloseTo(60_000, 7);
    // mean t + 2 amplitude period / 2 pi after half a period
    expect(law.expected(30_000)).toBeCloseTo(3000 + (80 * 60) / Math.PI, 9);
    expect([law.ratePerS(0), law.ratePerS(15_000), law.ratePerS(45_000)]).toEqual([100, 180, 20]);
  });
});

const share = fc.integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1_000_000);
const perS = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 5000, noNaN: true }));
const lengthMs = fc.integer({ min: 1, max: 100_000 });
const stage: fc.Arbitrary<Stage> = fc.record({
  kind: fc.constantFrom('hold', 'jump', 'ramp'),
  toPerS: perS,
  forMs: lengthMs,
});
const laws: fc.Arbitrary<RateLawSpec> = fc.oneof(
  fc.record({ shape: fc.constant('ramp' as const), fromPerS: perS, toPerS: perS, overMs: lengthMs }),
  fc.record({
    shape: fc.constant('stages' as const),
    stages: fc.array(stage, { minLength: 1, maxLength: 6 }),
  }),
  fc
    .tuple(
      fc.double({ min: 0.1, max: 5000, noNaN: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      lengthMs,
    )
    .map(([meanPerS, share, periodMs]) => ({
      shape: 'sine' as const,
      meanPerS,
      amplitudePerS: share * meanPerS,
      periodMs,
    })),
  fc
    .tuple(perS, fc.double({ min: 0.1, max: 5000, noNaN: true }), lengthMs)
    .map(([basePerS, peakPerS, forMs]) => ({
      shape: 'burst' as const,
      basePerS,
      peakPerS,
      everyMs: forMs + 1 + (forMs % 777),
      forMs,
    })),
);

describe('every law', () => {
  it('is inverted: expected(whenMs(x)) = x', () => {
    fc.assert(
      fc.property(laws, share, (spec, part) => {
        const law = rateLaw(spec);
        const total = law.expected(lengthMsOf(spec) ?? 300_000);
        const x = part * total;
        const atMs = law.whenMs(x);
        if (atMs === Number.POSITIVE_INFINITY) return x >= total * (1 - 1e-12);
        return Math.abs(law.expected(atMs) - x) <= 1e-9 * Math.max(1, total);
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('never falls, and neither does its inverse', () => {
    fc.assert(
      fc.property(laws, fc.array(share, { minLength: 2, maxLength: 8 }), (spec, parts) => {
        const law = rateLaw(spec);
        const lengthMs = lengthMsOf(spec) ?? 300_000;
        const rising = [...parts].sort((a, b) => a - b);
        const expected = rising.map((part) => law.expected(part * lengthMs));
        const whens = rising.map((part) => law.whenMs(part * law.expected(lengthMs)));
        const slackMs = 1e-6;
        return (
          expected.every((value, at) => value >= (expected[at - 1] ?? 0) - 1e-9) &&
          whens.every((value, at) => value >= (whens[at - 1] ?? 0) - slackMs)
        );
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  it('has the rate that its integral grows by', () => {
    fc.assert(
      fc.property(laws, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (spec, part) => {
        const law = rateLaw(spec);
        const tMs = part * (lengthMsOf(spec) ?? 30_000);
        const stepMs = 1e-3;
        const grown = (1000 * (law.expected(tMs + stepMs) - law.expected(tMs - stepMs))) / (2 * stepMs);
        const edge = law.ratePerS(tMs + stepMs) - law.ratePerS(tMs - stepMs);
        return Math.abs(grown - law.ratePerS(tMs)) <= 0.05 + Math.abs(edge);
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  it('stays below its peak', () => {
    fc.assert(
      fc.property(laws, share, (spec, part) => {
        const peak = peakPerSOf(spec);
        return rateLaw(spec).ratePerS(part * 30_000) <= peak * (1 + 1e-12);
      }),
      { seed: 4 },
    );
  });
});

test('the inverse of a sine is within a microsecond, a day long and next to its trough', () => {
  const day = rateLaw({ shape: 'sine', meanPerS: 1000, amplitudePerS: 999, periodMs: 86_400_000 });
  for (const atMs of [1, 12_345_678.9, 64_800_000, 64_800_001.5, 86_399_999, 400_000_000.25]) {
    expect(Math.abs(day.whenMs(day.expected(atMs)) - atMs)).toBeLessThan(1e-3);
  }
});

test('a lead-in holds the first rate, then the law begins', () => {
  const law = withLeadIn(rateLaw(RAMP), 2000);
  expect(law.whenMs(19)).toBe(1900);
  expect(law.whenMs(20)).toBe(2000);
  expect(law.whenMs(95)).toBeCloseTo(7000, 9);
  expect([law.ratePerS(1999), law.ratePerS(7000)]).toEqual([10, 20]);
  expect(law.expected(12_000)).toBe(220);
  const cold = withLeadIn(rateLaw(STAGES), 1000);
  expect(cold.whenMs(0)).toBe(11_000);
});

test('what a law is in words, at its mean and at its peak', () => {
  expect(lawWords(RAMP)).toBe('ramp from 10/s to 30/s over 10 s');
  expect(lawWords(STAGES)).toContain('hold 0/s for 10 s, hold 50/s for 20 s');
  expect(lawWords(SINE)).toBe('sine around 100/s by 80/s, period 60 s');
  expect(lawWords(BURST)).toBe('10/s, every 5 s a burst of 200/s for 500 ms');
  expect([RAMP, STAGES, SINE, BURST].map(peakPerSOf)).toEqual([30, 250, 180, 200]);
  expect([RAMP, STAGES, SINE, BURST].map(lengthMsOf)).toEqual([10_000, 75_000, undefined, undefined]);
  expect(meanPerS(rateLaw(RAMP), 10_000)).toBe(20);
  expect(meanPerS(rateLaw(BURST), 10_000)).toBe(29);
});
