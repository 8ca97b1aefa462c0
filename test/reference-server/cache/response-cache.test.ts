import { beforeEach, expect, test } from 'vitest';
import type { AgedAnswer, AnswerStore, StoreFailure } from '../../../reference-server/cache/answer-store.ts';
import { LocalAnswers } from '../../../reference-server/cache/local-answers.ts';
import { ResponseCache } from '../../../reference-server/cache/response-cache.ts';
import { ServingError } from '../../../reference-server/errors.ts';
import type { Infer, InferContext, InferRequest } from '../../../reference-server/infer.ts';
import { ModelStatistics } from '../../../reference-server/telemetry/statistics.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';
import { settle, VirtualClock } from '../virtual-clock.ts';

const SERVICE_MS = 10;

let clock: VirtualClock;
let statistics: ModelStatistics;
let ran: number[];
let failure: ServingError | undefined;

beforeEach(() => {
  clock = new VirtualClock();
  statistics = new ModelStatistics();
  ran = [];
  failure = undefined;
});

/** Doubles the request's one byte, as a view on a larger buffer. */
const double: Infer = async ({ inputs }, { timings, signal }) => {
  const [byte = 0] = inputs[0]?.data ?? [];
  await clock.sleep(SERVICE_MS);
  if (signal?.aborted) throw new ServingError('cancelled', 'dropped');
  if (failure !== undefined) throw failure;
  ran.push(byte);
  timings.queueNs = 1;
  const data = Buffer.alloc(1000, byte * 2).subarray(0, 100);
  return { outputs: [{ name: 'y', datatype: 'UINT8', shape: [1, 100], data }] };
};

function cacheWith(maxBytes = 1_000_000, ttlMs = 0): ResponseCache {
  const store = new LocalAnswers({ maxBytes, ttlMs }, (cause) => {
    statistics.cacheLeft[cause]++;
  });
  return cacheOver(store);
}

function cacheOver(store: AnswerStore, singleFlight = true): ResponseCache {
  return new ResponseCache(
    { model: 'm', version: '1', infer: double },
    { store, singleFlight, clock, statistics },
  );
}

const request = (byte: number): InferRequest => ({
  rows: 1,
  inputs: [{ name: 'x', datatype: 'UINT8', shape: [1, 1], data: Uint8Array.of(byte) }],
});

function ask(cache: ResponseCache, byte: number, more: Partial<InferContext> = {}) {
  const context = { receivedAtMs: clock.nowMs(), timings: newTimings(), ...more };
  return { context, answer: cache.infer(request(byte), context) };
}

async function answered(cache: ResponseCache, byte: number) {
  const { context, answer } = ask(cache, byte);
  answer.catch(() => {});
  await clock.runUntilIdle();
  const { outputs } = await answer;
  return { byte: outputs[0]?.data[0], from: context.timings.answeredBy };
}

test('the second time it is there; each caller has an answer of its own', async () => {
  const cache = cacheWith();
  expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'model' });
  expect(await answered(cache, 5)).toEqual({ byte: 10, from: 'model' });
  expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'cache' });
  expect(ran).toEqual([4, 5]);
  expect([statistics.cacheHits.count, statistics.cacheMisses.count, statistics.cacheJoins]).toEqual([
    1, 2, 0,
  ]);
  const [one, other] = await Promise.all([ask(cache, 4).answer, ask(cache, 4).answer]);
  expect(one).toEqual(other);
  expect(one).not.toBe(other);
});

test('equal requests under way run once; a joined one waited, and ran nothing', async () => {
  const cache = cacheWith();
  const first = ask(cache, 4);
  clock.after(3, () => {});
  const second = ask(cache, 4);
  await clock.runUntilIdle();
  expect((await first.answer).outputs).toEqual((await second.answer).outputs);
  expect(await first.answer).not.toBe(await second.answer);
  expect(ran).toEqual([4]);
  expect(first.context.timings).toMatchObject({ answeredBy: 'model', queueNs: 1 });
  expect(second.context.timings).toMatchObject({ answeredBy: 'another request', queueNs: SERVICE_MS * 1e6 });
  expect([statistics.cacheHits.count, statistics.cacheMisses.count, statistics.cacheJoins]).toEqual([
    0, 1, 1,
  ]);
});

test('who waits by other rules runs alone', async () => {
  const cache = cacheWith();
  const all = [{}, { queue: { priority: 1 } }, { queue: { timeoutMs: 5 } }].map((more) =>
    ask(cache, 4, more),
  );
  await clock.runUntilIdle();
  await Promise.all(all.map(({ answer }) => answer));
  expect(ran).toEqual([4, 4, 4]);
});

test('a failure is given to all who wait for it and is not kept', async () => {
  const cache = cacheWith();
  failure = new ServingError('unavailable', 'the queue is full');
  const both = [ask(cache, 4), ask(cache, 4)].map(({ answer }) =>
    answer.catch((error: Error) => error.message),
  );
  await clock.runUntilIdle();
  expect(await Promise.all(both)).toEqual(['the queue is full', 'the queue is full']);
  failure = undefined;
  expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'model' });
});

test('whoever set it off goes away: the one who joined is answered, and the answer is kept', async () => {
  const cache = cacheWith();
  const leaving = new AbortController();
  const first = ask(cache, 4, { signal: leaving.signal }).answer.catch((error: ServingError) => error.kind);
  const second = ask(cache, 4);
  leaving.abort();
  await clock.runUntilIdle();
  expect(await first).toBe('cancelled');
  expect((await second.answer).outputs[0]?.data[0]).toBe(8);
  expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'cache' });
});

test('an answer that is too old is computed again', async () => {
  const cache = cacheWith(1_000_000, 100);
  await answered(cache, 4);
  clock.after(99, () => {});
  await clock.runUntilIdle();
  expect((await answered(cache, 4)).from).toBe('cache');
  clock.after(1, () => {});
  await clock.runUntilIdle();
  expect((await answered(cache, 4)).from).toBe('model');
  expect(statistics.cacheLeft).toEqual({ evicted: 0, expired: 1 });
});

test('beyond its bytes the one not asked for the longest goes; a view does not keep what it is a view on', async () => {
  // 100 bytes of data each, 868 with what is around them.
  const cache = cacheWith(2000);
  await answered(cache, 1);
  await answered(cache, 2);
  expect(cache.state()).toEqual({ kind: 'local', entries: 2, bytes: 2 * 868, maxBytes: 2000 });
  const kept = await ask(cache, 1).answer;
  expect(kept.outputs[0]?.data.buffer.byteLength).toBe(100);
  await answered(cache, 3);
  expect(statistics.cacheLeft).toEqual({ evicted: 1, expired: 0 });
  expect([(await answered(cache, 1)).from, (await answered(cache, 2)).from]).toEqual(['cache', 'model']);
  await settle();
});

test('a flush forgets everything, and is no eviction', async () => {
  const cache = cacheWith();
  await answered(cache, 4);
  await cache.flush();
  expect(cache.state()).toMatchObject({ entries: 0, bytes: 0 });
  expect((await answered(cache, 4)).from).toBe('model');
  expect(statistics.cacheLeft).toEqual({ evicted: 0, expired: 0 });
});

test('without single flight equal requests each run', async () => {
  const cache = cacheOver(new LocalAnswers({ maxBytes: 1_000_000, ttlMs: 0 }, () => {}), false);
  const both = [ask(cache, 4), ask(cache, 4)];
  await clock.runUntilIdle();
  await Promise.all(both.map(({ answer }) => answer));
  expect(ran).toEqual([4, 4]);
  expect((await answered(cache, 4)).from).toBe('cache');
  expect([statistics.cacheMisses.count, statistics.cacheJoins]).toEqual([2, 0]);
});

/** A store elsewhere, each step of which takes 2 ms; it fails as told. */
class SlowStore {
  readonly where = 'elsewhere';
  readonly kept = new Map<string, AgedAnswer>();
  readonly state = () => ({ kind: 'redis', reachable: true }) as const;
  readonly flush = async () => this.kept.clear();
  gets = 0;
  getFails: StoreFailure | undefined;
  setFails: StoreFailure | undefined;

  async get(key: string): Promise<AgedAnswer | undefined | StoreFailure> {
    this.gets++;
    await clock.sleep(2);
    return this.getFails ?? this.kept.get(key);
  }

  async set(key: string, answer: AgedAnswer): Promise<StoreFailure | undefined> {
    await clock.sleep(2);
    if (this.setFails === undefined) this.kept.set(key, answer);
    return this.setFails;
  }
}

const counts = () => [
  statistics.cacheHits.count,
  statistics.cacheMisses.count,
  statistics.cacheJoins,
  statistics.cacheErrors,
];
const NO_ERRORS = { down: 0, slow: 0, refused: 0, unreadable: 0 };

test('in a store elsewhere: looked for once for all who ask at the same time, and nobody waits for it to be kept', async () => {
  const store = new SlowStore();
  const cache = cacheOver(store);
  const both = [ask(cache, 4), ask(cache, 4)];
  await clock.runUntilIdle();
  await Promise.all(both.map(({ answer }) => answer));
  expect([store.gets, ran]).toEqual([1, [4]]);
  expect(both[1]?.context.timings).toMatchObject({ queueNs: (2 + SERVICE_MS) * 1e6 });
  expect(store.kept.size).toBe(1);

  const again = [ask(cache, 4), ask(cache, 4)];
  await clock.runUntilIdle();
  expect(await again[0]?.answer).toEqual(await again[1]?.answer);
  expect(again.map(({ context }) => context.timings.answeredBy)).toEqual(['cache', 'another request']);
  expect(counts()).toEqual([1, 1, 2, NO_ERRORS]);
  expect(statistics.cacheHits.ns).toBe(2e6);
});

test('a store that fails is a miss and a counter: once a request, and never its failure', async () => {
  const store = new SlowStore();
  const cache = cacheOver(store);
  for (const failure of ['down', 'slow', 'refused', 'unreadable'] as const) {
    store.getFails = failure;
    expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'model' });
  }
  expect(counts()).toEqual([0, 4, 0, { down: 1, slow: 1, refused: 1, unreadable: 1 }]);
  store.getFails = undefined;
  store.setFails = 'refused';
  expect(await answered(cache, 4)).toEqual({ byte: 8, from: 'model' });
  expect(counts()).toEqual([0, 5, 0, { down: 1, slow: 1, refused: 2, unreadable: 1 }]);
  expect(store.kept.size).toBe(0);
});

/** Asks after so long, and says how old the answer is. */
async function ageAfter(cache: ResponseCache, waitMs: number): Promise<number | undefined> {
  clock.after(waitMs, () => {});
  await clock.runUntilIdle();
  const { context, answer } = ask(cache, 4);
  await clock.runUntilIdle();
  await answer;
  return context.timings.ageMs;
}

test('an answer is as old as its computation, which began when nothing was found; one of its own has no age', async () => {
  const cache = cacheWith();
  expect(await ageAfter(cache, 0)).toBeUndefined();
  // The computation itself took 10 ms.
  expect(await ageAfter(cache, 7)).toBe(SERVICE_MS + 7);
  expect(await ageAfter(cache, 100)).toBe(SERVICE_MS + 107);

  const joining = cacheWith();
  const first = ask(joining, 5);
  const joined = clock.sleep(4).then(() => ask(joining, 5));
  await clock.runUntilIdle();
  const second = await joined;
  await Promise.all([first.answer, second.answer]);
  expect(first.context.timings.ageMs).toBeUndefined();
  expect(second.context.timings).toMatchObject({ answeredBy: 'another request', ageMs: 4 });
});

test('an answer from elsewhere is as old as it is said to be, and a little less before it was fetched', async () => {
  const store = new SlowStore();
  const cache = cacheOver(store);
  expect(await ageAfter(cache, 0)).toBeUndefined();
  // Looked for until 2 ms, computed until 12.
  expect([...store.kept.values()].map(({ ageMs }) => ageMs)).toEqual([SERVICE_MS]);
  // The stand-in keeps it at that age; asked for 2 ms before it comes.
  expect(await ageAfter(cache, 50)).toBe(SERVICE_MS - 2);
  const { context, answer } = ask(cache, 4);
  const other = ask(cache, 4);
  await clock.runUntilIdle();
  await Promise.all([answer, other.answer]);
  expect([context.timings.ageMs, other.context.timings.ageMs]).toEqual([SERVICE_MS - 2, SERVICE_MS - 2]);
});
