import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BatcherSettings } from '../../../reference-server/execution/batcher.ts';
import { type RanBatch, type Sent, scene } from './scripted-runner.ts';

const arrival = fc.record({
  gapMs: fc.nat(5),
  rows: fc.integer({ min: 1, max: 9 }),
  shape: fc.constantFrom('1', '1', '2'),
  priority: fc.nat(4),
  timeoutMs: fc.constantFrom(0, 0, 1, 6),
  /** After how long the caller goes away. */
  leavesAfterMs: fc.constantFrom(undefined, undefined, undefined, 0, 4, 11),
  /** Whether the model fails from now on. */
  fails: fc.constantFrom(false, false, false, true),
});

const level = fc.record({
  maxRows: fc.integer({ min: 4, max: 30 }),
  timeoutMs: fc.constantFrom(Number.POSITIVE_INFINITY, 3, 12),
  timeoutAction: fc.constantFrom('reject' as const, 'defer' as const),
  allowTimeoutOverride: fc.boolean(),
});

const settings: fc.Arbitrary<BatcherSettings> = fc
  .record({
    maxRows: fc.integer({ min: 1, max: 8 }),
    maxDelayMs: fc.nat(9),
    spareRows: fc.nat(12),
    sizes: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
    padded: fc.boolean(),
    levels: fc.array(level, { minLength: 1, maxLength: 3 }),
  })
  .map(({ maxRows, maxDelayMs, spareRows, sizes, padded, levels }) => {
    const preferredRows = sizes.filter((rows) => rows <= maxRows).sort((a, b) => a - b);
    const allowedRows = padded ? [...new Set([...preferredRows, maxRows])] : [];
    const queue = { maxRows: maxRows + spareRows, levels, defaultLevel: levels.length };
    return { maxRows, maxDelayMs, preferredRows, allowedRows, queue };
  });

const runner = fc.record({
  instances: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 2 }),
  serviceMs: fc.integer({ min: 1, max: 12 }),
});

test('whatever arrives: nothing lost, answered twice, swapped, overtaken, too large or late', async () => {
  const arrivals = fc.array(arrival, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(arrivals, settings, runner, async (all, limits, shape) => {
      const set = scene(limits, shape);
      let atMs = 0;
      for (const { gapMs, leavesAfterMs, fails, ...wish } of all) {
        atMs += gapMs;
        set.clock.after(atMs, () => {
          set.runner.fails = fails;
          const one = set.send(wish);
          if (leavesAfterMs === undefined) return;
          set.clock.after(leavesAfterMs, () => {
            one.goneAtMs = set.clock.nowMs();
            one.caller.abort();
          });
        });
      }
      await set.clock.runUntilIdle(() => expectNobodyForgotten(set, limits));
      expectEachOnce(set);
      for (const batch of set.runner.batches) expectSoundBatch(batch, limits, set.sent);
      expectOrderKept(set, limits);
      expectTimeoutsKept(set, limits);
      expectCountsClose(set);
    }),
    { numRuns: 400 },
  );
});

type Scene = ReturnType<typeof scene>;

/** The bound of the queue holds, and nobody's delay is over while an instance is idle. */
function expectNobodyForgotten(
  { batcher, clock, runner: { batches, slots }, runner: scripted, sent }: Scene,
  limits: BatcherSettings,
) {
  const left = new Set(batches.flatMap(({ parts }) => parts));
  const again = sent.filter((one) => one.settledAtMs === undefined && left.has(one.request));
  const rowsAgain = again.reduce((sum, { request }) => sum + request.rows, 0);
  expect(batcher.pending().rows).toBeLessThanOrEqual(limits.queue.maxRows + rowsAgain);
  if (slots.call(scripted).idle === 0) return;
  const waiting = sent.filter((one) => one.settledAtMs === undefined && !left.has(one.request));
  for (const one of waiting) expect(one.atMs + limits.maxDelayMs).toBeGreaterThanOrEqual(clock.nowMs());
}

function expectEachOnce({ sent, runner: { batches } }: Scene) {
  expect(sent.every((one) => one.answers + one.failures === 1)).toBe(true);
  expect(sent.every((one) => one.answers === 0 || one.rowsBack === one.request.inputs)).toBe(true);
  for (const one of sent) {
    const [first, second, ...more] = batches.filter(({ parts }) => parts.includes(one.request));
    expect(more).toEqual([]);
    // Alone, and only after it failed beside others.
    if (second !== undefined) expect([second.parts.length, first?.parts.length]).not.toEqual([1, 1]);
    if (second !== undefined) expect(second.parts.length).toBe(1);
    const hasRun = one.answers === 1 || one.error?.kind === 'internal';
    if (first === undefined) expect(hasRun).toBe(false);
    else expect(hasRun || (first.parts.length > 1 && one.error?.kind === 'cancelled')).toBe(true);
  }
}

function expectSoundBatch(
  { rows, size, parts, atMs }: RanBatch,
  limits: BatcherSettings,
  sent: readonly Sent[],
) {
  expect(rows).toBe(parts.reduce((sum, part) => sum + part.rows, 0));
  expect(size).toBeLessThanOrEqual(limits.maxRows);
  expect(size).toBe(limits.allowedRows.find((allowed) => allowed >= rows) ?? rows);
  const members = parts.map((part) => sent.find((one) => one.request === part));
  expect(new Set(members.map((one) => one?.shape)).size).toBe(1);
  for (const one of members) expect(one?.goneAtMs ?? atMs).toBeGreaterThanOrEqual(atMs);
}

const levelOf = (one: Sent, { queue }: BatcherSettings) => {
  const priority = one.wish.priority ?? 0;
  return priority >= 1 && priority <= queue.levels.length ? priority : queue.defaultLevel;
};

function expiryOf(one: Sent, limits: BatcherSettings): number {
  const policy = limits.queue.levels[levelOf(one, limits) - 1];
  const own =
    policy?.allowTimeoutOverride && one.wish.timeoutMs ? one.wish.timeoutMs : Number.POSITIVE_INFINITY;
  return one.atMs + Math.min(policy?.timeoutMs ?? Number.POSITIVE_INFINITY, own);
}

/** Whoever leaves has left nobody behind who stood before it: of a higher priority, or earlier in its own. */
function expectOrderKept({ sent, runner: { batches } }: Scene, limits: BatcherSettings) {
  const batchOf = new Map(
    batches.flatMap((batch, index) => batch.parts.map((part) => [part, index] as const)).reverse(),
  );
  const ran = sent.filter((one) => batchOf.has(one.request));
  const indexOf = (one: Sent) => batchOf.get(one.request) ?? -1;
  for (const left of ran) {
    const leftAtMs = batches[indexOf(left)]?.atMs ?? 0;
    for (const behind of ran) {
      if (behind.shape !== left.shape || behind.atMs >= leftAtMs || indexOf(behind) <= indexOf(left))
        continue;
      const [ofBehind, ofLeft] = [levelOf(behind, limits), levelOf(left, limits)];
      expect(ofBehind).toBeGreaterThanOrEqual(ofLeft);
      if (ofBehind > ofLeft || sent.indexOf(behind) > sent.indexOf(left)) continue;
      expect(expiryOf(behind, limits)).toBeLessThanOrEqual(leftAtMs);
    }
  }
}

function expectTimeoutsKept({ sent, runner: { batches } }: Scene, limits: BatcherSettings) {
  for (const one of sent) {
    const policy = limits.queue.levels[levelOf(one, limits) - 1];
    const expiresAtMs = expiryOf(one, limits);
    const batch = batches.find(({ parts }) => parts.includes(one.request));
    if (one.error?.message === 'Request timeout expired') {
      expect([one.settledAtMs, policy?.timeoutAction]).toEqual([expiresAtMs, 'reject']);
    } else if (batch !== undefined && policy?.timeoutAction === 'reject') {
      expect(batch.atMs).toBeLessThan(expiresAtMs);
    }
  }
}

function expectCountsClose({ sent, executions, dropped }: Scene) {
  const having = (holds: (one: Sent) => boolean) => sent.filter(holds).length;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  expect(dropped).toEqual({
    'queue-full': having((one) => one.error?.message.startsWith('Exceeds maximum queue') === true),
    timeout: having((one) => one.error?.message === 'Request timeout expired'),
    cancelled: having((one) => one.error?.kind === 'cancelled'),
    'no-instance': 0,
    shutdown: 0,
  });
  const answered = sent.filter((one) => one.answers === 1);
  expect(sum(executions.map(({ rows }) => rows))).toBe(sum(answered.map((one) => one.request.rows)));
}
