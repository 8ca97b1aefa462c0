import { describe, expect, it } from 'vitest';
import { exponential, seededRandom } from '../../../../harness/load/random.ts';
import { stalenessRecord } from '../../../../harness/run/cases/case-staleness.ts';
import type { LoadResult, StaleFacts } from '../../../../harness/run/load-engine.ts';
import { Staleness } from '../../../../harness/run/requests/staleness.ts';
import { groupedShare } from '../../../../harness/statistics/grouped-share.ts';
import { liveHistograms } from '../../../../harness/statistics/histogram.ts';
import { LruStore } from '../../../../reference-server/cache/lru-store.ts';

const KEYS = 400;
/** Requests/ms that ask for one key, and time between two changes of its data, in ms. */
const RATE = 0.02;
const EVERY_MS = [50, 400, 5000] as const;

interface Run {
  readonly ttlMs: number;
  readonly computeMs?: number;
  /** Request i goes to counter i mod generators. */
  readonly generators?: number;
  readonly salt?: number;
  readonly lengthMs?: number;
}

/** Poisson arrivals for each of the keys at the server's own store, on a clock of their own: no server, no network. */
function run({ ttlMs, computeMs = 0, generators = 1, salt = 99, lengthMs = 8000 }: Run): StaleFacts[] {
  const keyOf: number[] = [];
  const beginAtMs = 1_000_000;
  const counters = Array.from(
    { length: generators },
    () =>
      new Staleness({
        changeEveryMs: EVERY_MS,
        salt,
        payloadOf: (index) => keyOf[index] ?? 0,
        beginAtMs,
        measureAtMs: beginAtMs,
      }),
  );
  const store = new LruStore<{ readonly beganAtMs: number }>({ maxBytes: 1e9, ttlMs }, () => {});
  const random = seededRandom(3);
  let atMs = beginAtMs;
  for (let index = 0; atMs < beginAtMs + lengthMs; index++) {
    atMs += exponential(random) / (KEYS * RATE);
    const key = Math.floor(random() * KEYS);
    keyOf[index] = key;
    const kept = store.get(String(key), atMs);
    // Computed at once, of data that was read so long ago.
    if (kept === undefined) store.set(String(key), { beganAtMs: atMs - computeMs }, 1, atMs);
    const ageUs = kept === undefined ? -1 : Math.round((atMs - kept.beganAtMs) * 1000);
    counters[index % generators]?.answered({ index, intendedAtMs: atMs, sentAtMs: atMs }, ageUs);
  }
  return counters.map((counter) => counter.close());
}

function recorded(facts: readonly StaleFacts[]) {
  const results = facts.map((staleness) => ({ staleness }) as LoadResult);
  const { staleness } = stalenessRecord(results);
  if (staleness === undefined) throw new Error('nothing was counted');
  return staleness;
}

/**
 * A key is computed, kept for a ttl, and computed again at the first request after that. In a cycle of one computation a
 * ttl x rate requests on average find it, at ages evenly spread over the ttl, and one of age t is stale with 1 - e^(-t/T):
 *
 *     stale share = rate (ttl - T (1 - e^(-ttl/T))) / (1 + rate ttl)
 */
function closedForm(ttlMs: number, everyMs: number): number {
  const stale = RATE * (ttlMs + everyMs * Math.expm1(-ttlMs / everyMs));
  return stale / (1 + RATE * ttlMs);
}

describe('stale answers of a cache with a ttl', () => {
  it.each([20, 100, 400])('ttl %d ms: as many as the closed form says, for every change rate', (ttlMs) => {
    const { answers, changes } = recorded(run({ ttlMs }));
    expect(answers).toBeGreaterThan(60_000);
    for (const { everyMs, rate, expectedRate, stale } of changes) {
      const expected = closedForm(ttlMs, everyMs);
      // Of 400 keys with 20 ttl or fewer each, some 2 % more or less.
      expect(Math.abs(expectedRate - expected), `T ${everyMs}`).toBeLessThan(0.02 * expected + 5e-4);
      expect(Math.abs(rate - expected), `T ${everyMs}`).toBeLessThan(0.12 * expected + 2e-3);
      expect(rate).toBe(stale / answers);
    }
  });

  it('the interval holds what is to be expected in nineteen of twenty worlds, though answers of a key hang together', () => {
    let held = 0;
    for (let salt = 0; salt < 60; salt++) {
      const [facts] = run({ ttlMs: 400, salt, lengthMs: 1500 });
      if (facts === undefined) throw new Error('nothing was counted');
      const { expectedRate } = recorded([facts]).changes[1] ?? { expectedRate: Number.NaN };
      const { low, high } = groupedShare(facts.changes[1]?.stale ?? [], facts.answers);
      if (low <= expectedRate && expectedRate <= high) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(52);
  });

  it('what an answer took to be computed is part of its age', () => {
    const { ageMs } = recorded(run({ ttlMs: 100, computeMs: 30 }));
    expect(ageMs.max).toBeGreaterThan(125);
    expect(ageMs.max).toBeLessThan(131);
  });

  it('any number of generators see the same world', () => {
    const alone = recorded(run({ ttlMs: 100 }));
    expect(recorded(run({ ttlMs: 100, generators: 3 }))).toEqual(alone);
    expect(liveHistograms()).toBe(0);
  });
});

describe('Staleness', () => {
  const counter = () =>
    new Staleness({
      changeEveryMs: [10],
      salt: 1,
      payloadOf: (index) => index,
      beginAtMs: 0,
      measureAtMs: 500,
    });

  it('of answers that were computed for their requests none is stale, and exactly none', () => {
    const fresh = counter();
    for (let index = 0; index < 100; index++) fresh.answered({ index, intendedAtMs: 600, sentAtMs: 601 }, -1);
    expect(recorded([fresh.close()])).toEqual({
      answers: 100,
      aged: 0,
      ageMs: {
        p50: { missing: 'every answer was computed for its request' },
        p99: { missing: 'every answer was computed for its request' },
        max: { missing: 'every answer was computed for its request' },
      },
      changes: [{ everyMs: 10, stale: 0, rate: 0, low: 0, high: 0, expectedRate: 0 }],
    });
  });

  it('those of the warm-up are not counted, and an age of nothing is no staleness', () => {
    const both = counter();
    both.answered({ index: 1, intendedAtMs: 499, sentAtMs: 620 }, 500_000);
    both.answered({ index: 1, intendedAtMs: 500, sentAtMs: 620 }, 0);
    both.answered({ index: 1, intendedAtMs: 500, sentAtMs: 620 }, 500_000);
    const { answers, aged, changes } = recorded([both.close()]);
    expect([answers, aged, changes[0]?.stale]).toEqual([2, 2, 1]);
  });

  it('a result without it makes no record of it', () => {
    const one = counter().close();
    expect(stalenessRecord([{} as LoadResult])).toEqual({});
    expect(stalenessRecord([{ staleness: one } as LoadResult, {} as LoadResult])).toEqual({});
  });
});
