import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LeavingCause, LruStore } from '../../../reference-server/cache/lru-store.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];

const step = fc.record({
  key: fc.constantFrom(...KEYS),
  /** Undefined: it is asked for. */
  bytes: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  passedMs: fc.nat(4),
});

/** The same in the plainest way: a list, the oldest use first. */
class NaiveStore {
  list: { key: string; value: number; bytes: number; atMs: number }[] = [];
  readonly left: string[] = [];

  readonly #maxBytes: number;
  readonly #ttlMs: number;

  constructor(maxBytes: number, ttlMs: number) {
    this.#maxBytes = maxBytes;
    this.#ttlMs = ttlMs;
  }

  get(key: string, nowMs: number): number | undefined {
    const found = this.list.find((entry) => entry.key === key);
    if (found === undefined) return undefined;
    this.list = this.list.filter((entry) => entry !== found);
    if (this.#ttlMs > 0 && nowMs >= found.atMs + this.#ttlMs) {
      this.left.push('expired');
      return undefined;
    }
    this.list.push(found);
    return found.value;
  }

  set(key: string, value: number, bytes: number, atMs: number): void {
    this.list = this.list.filter((entry) => entry.key !== key);
    if (bytes > this.#maxBytes) return;
    this.list.push({ key, value, bytes, atMs });
    while (this.bytes() > this.#maxBytes) {
      this.list.shift();
      this.left.push('evicted');
    }
  }

  bytes(): number {
    return this.list.reduce((sum, entry) => sum + entry.bytes, 0);
  }
}

test('whatever is kept and asked for: as the plain list, and never more bytes than allowed', () => {
  const limits = fc.record({ maxBytes: fc.integer({ min: 1, max: 30 }), ttlMs: fc.constantFrom(0, 5, 12) });
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 60 }), ({ maxBytes, ttlMs }, steps) => {
      const left: LeavingCause[] = [];
      const store = new LruStore<number>({ maxBytes, ttlMs }, (cause) => left.push(cause));
      const naive = new NaiveStore(maxBytes, ttlMs);
      let nowMs = 0;
      steps.forEach(({ key, bytes, passedMs }, index) => {
        nowMs += passedMs;
        if (bytes === undefined) expect(store.get(key, nowMs)).toBe(naive.get(key, nowMs));
        else {
          store.set(key, index, bytes, nowMs);
          naive.set(key, index, bytes, nowMs);
        }
        expect([store.entries, store.bytes, left]).toEqual([naive.list.length, naive.bytes(), naive.left]);
        expect(store.bytes).toBeLessThanOrEqual(maxBytes);
      });
    }),
    { numRuns: 500 },
  );
});

test('a value has its age from when it was kept, not from when it was last asked for', () => {
  const left: LeavingCause[] = [];
  const store = new LruStore<string>({ maxBytes: 10, ttlMs: 100 }, (cause) => left.push(cause));
  store.set('a', 'first', 4, 1000);
  expect(store.get('a', 1060)).toBe('first');
  expect(store.get('a', 1099)).toBe('first');
  expect(store.get('a', 1100)).toBeUndefined();
  expect([store.entries, store.bytes, left]).toEqual([0, 0, ['expired']]);
  store.set('a', 'second', 4, 1100);
  expect(store.get('a', 1199)).toBe('second');
});
