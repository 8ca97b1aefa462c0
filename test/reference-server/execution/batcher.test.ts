import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServingError } from '../../../reference-server/errors.ts';
import { Batcher, type BatchRunner, type Execution } from '../../../reference-server/execution/batcher.ts';
import type { PoolRun } from '../../../reference-server/execution/instance-pool.ts';
import type { InferRequest } from '../../../reference-server/infer.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** Slots that take a fixed time for a batch, and a log of every batch. */
class ScriptedRunner implements BatchRunner {
  onChange = () => {};
  readonly batches: {
    rows: number;
    parts: readonly InferRequest[];
    atMs: number;
    slotFreeSinceMs: number;
  }[] = [];
  gone: string | undefined;
  fails = false;
  #free: number;
  #freeSinceMs = 0;
  readonly #clock: VirtualClock;
  readonly #serviceMs: number;

  constructor(clock: VirtualClock, slots: number, serviceMs: number) {
    this.#clock = clock;
    this.#free = slots;
    this.#serviceMs = serviceMs;
  }

  freeSlots = () => this.#free;
  failure = () => this.gone;

  async run(parts: readonly InferRequest[], rows: number): Promise<PoolRun> {
    const atMs = this.#clock.nowMs();
    this.batches.push({ rows, parts, atMs, slotFreeSinceMs: this.#freeSinceMs });
    this.#free--;
    await this.#clock.sleep(this.#serviceMs);
    if (this.#free++ === 0) this.#freeSinceMs = this.#clock.nowMs();
    if (this.fails) throw new ServingError('internal', 'the model failed');
    const outputs = parts.map((part) => part.inputs);
    const doneAtMs = this.#clock.nowMs();
    return { outputs, computeNs: this.#serviceMs * 1e6, startedAtMs: atMs, doneAtMs };
  }
}

interface Sent {
  readonly request: InferRequest;
  readonly atMs: number;
  answers: number;
  failures: number;
  error?: ServingError;
  rowsBack?: readonly unknown[];
  queueNs?: number;
}

function requestOf(id: number, rows: number): InferRequest {
  const data = Uint8Array.of(id & 255, id >> 8);
  return { rows, inputs: [{ name: 'x', datatype: 'UINT8', shape: [rows, 1], data }] };
}

function scene(
  settings: { maxRows: number; maxDelayMs: number; maxQueueRows: number },
  slots: number,
  serviceMs: number,
) {
  const clock = new VirtualClock();
  const runner = new ScriptedRunner(clock, slots, serviceMs);
  const executions: Execution[] = [];
  const batcher = new Batcher(settings, {
    runner,
    clock,
    stackingKey: () => '',
    onExecution: (execution) => executions.push(execution),
  });
  const sent: Sent[] = [];
  const send = (rows: number, signal?: AbortSignal) => {
    const one: Sent = { request: requestOf(sent.length, rows), atMs: clock.nowMs(), answers: 0, failures: 0 };
    sent.push(one);
    const timings = newTimings();
    const context = { receivedAtMs: clock.nowMs(), timings, ...(signal && { signal }) };
    batcher.infer(one.request, context).then(
      (response) => {
        one.answers++;
        one.rowsBack = response.outputs;
        one.queueNs = timings.queueNs;
      },
      (error: ServingError) => {
        one.failures++;
        one.error = error;
      },
    );
    return one;
  };
  return { clock, runner, batcher, executions, sent, send };
}

describe('Batcher', () => {
  test('whatever arrives: nothing lost, split, swapped, too large or late', async () => {
    const arrivals = fc.array(fc.record({ gapMs: fc.nat(6), rows: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 40,
    });
    const settings = fc
      .record({ maxRows: fc.integer({ min: 1, max: 8 }), maxDelayMs: fc.nat(9), spareRows: fc.nat(12) })
      .map(({ spareRows, ...rest }) => ({ ...rest, maxQueueRows: rest.maxRows + spareRows }));
    const shape = fc.record({
      slots: fc.integer({ min: 1, max: 3 }),
      serviceMs: fc.integer({ min: 1, max: 12 }),
    });

    await fc.assert(
      fc.asyncProperty(arrivals, settings, shape, async (gaps, limits, { slots, serviceMs }) => {
        const { clock, runner, batcher, executions, sent, send } = scene(limits, slots, serviceMs);
        let atMs = 0;
        for (const { gapMs, rows } of gaps) {
          atMs += gapMs;
          clock.after(atMs, () => send(rows));
        }
        await clock.runUntilIdle(() =>
          expect(batcher.pending().rows).toBeLessThanOrEqual(limits.maxQueueRows),
        );

        const executed = runner.batches.flatMap((batch) => batch.parts);
        const accepted = sent.filter((one) => one.answers === 1);
        expect(sent.every((one) => one.answers + one.failures === 1)).toBe(true);
        expect(executed).toEqual(accepted.map((one) => one.request));
        expect(accepted.every((one) => one.rowsBack === one.request.inputs)).toBe(true);
        for (const one of sent.filter((each) => each.failures === 1)) {
          expect(one.error?.kind).toBe(one.request.rows > limits.maxRows ? 'invalid' : 'unavailable');
        }
        for (const { rows, parts, atMs: leftAtMs, slotFreeSinceMs } of runner.batches) {
          expect(rows).toBe(parts.reduce((sum, part) => sum + part.rows, 0));
          expect(rows).toBeLessThanOrEqual(limits.maxRows);
          const oldest = sent.find((one) => one.request === parts[0]);
          const latest = Math.max((oldest?.atMs ?? 0) + limits.maxDelayMs, slotFreeSinceMs);
          expect(leftAtMs).toBeLessThanOrEqual(latest);
        }
        expect(executions.reduce((sum, each) => sum + each.rows, 0)).toBe(
          accepted.reduce((sum, one) => sum + one.request.rows, 0),
        );
        expect(executions.length).toBe(runner.batches.length);
      }),
      { numRuns: 150 },
    );
  });

  test('at zero delay the batches are what piled up behind the busy instance', async () => {
    const { clock, executions, sent, send } = scene({ maxRows: 8, maxDelayMs: 0, maxQueueRows: 64 }, 1, 10);
    for (const atMs of [0, 1, 2, 3]) clock.after(atMs, () => send(1));
    await clock.runUntilIdle();
    expect(executions.map(({ rows, reason }) => [rows, reason])).toEqual([
      [1, 'idle'],
      [3, 'idle'],
    ]);
    expect(sent.map((one) => one.queueNs)).toEqual([0, 9e6, 8e6, 7e6]);
  });

  test('the delay counts from the oldest request', async () => {
    const { clock, runner, executions, send } = scene({ maxRows: 8, maxDelayMs: 5, maxQueueRows: 64 }, 1, 1);
    for (const atMs of [10, 12, 14]) clock.after(atMs, () => send(1));
    await clock.runUntilIdle();
    expect(runner.batches.map(({ atMs, rows }) => [atMs, rows])).toEqual([[15, 3]]);
    expect(executions[0]?.reason).toBe('delay');
  });

  test('a full queue answers 503 and says the figures', async () => {
    const { clock, sent, send } = scene({ maxRows: 2, maxDelayMs: 0, maxQueueRows: 3 }, 1, 10);
    for (let index = 0; index < 6; index++) send(1);
    await clock.runUntilIdle();
    expect(sent.map((one) => one.answers)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(sent[4]?.error?.status).toBe(503);
    expect(sent[4]?.error?.message).toBe('Exceeds maximum queue size: 3 rows wait, 1 more would pass 3');
  });

  test('callers that went away are dropped before execution and make room in a full queue', async () => {
    const { clock, runner, sent, send } = scene({ maxRows: 2, maxDelayMs: 0, maxQueueRows: 2 }, 1, 10);
    const caller = new AbortController();
    send(1);
    send(1, caller.signal);
    send(1, caller.signal);
    caller.abort();
    send(2);
    await clock.runUntilIdle();
    expect(runner.batches.map((batch) => batch.rows)).toEqual([1, 2]);
    expect(sent.map((one) => one.error?.kind)).toEqual([undefined, 'cancelled', 'cancelled', undefined]);
  });

  test('a failed batch fails its own requests and no others', async () => {
    const { clock, runner, executions, sent, send } = scene(
      { maxRows: 1, maxDelayMs: 0, maxQueueRows: 9 },
      1,
      10,
    );
    send(1);
    send(1);
    runner.fails = true;
    clock.after(15, () => {
      runner.fails = false;
    });
    await clock.runUntilIdle();
    expect(sent.map((one) => one.error?.status)).toEqual([500, undefined]);
    expect(executions.length).toBe(1);
  });

  test('without any instance left, waiting and new requests get 503', async () => {
    const { clock, runner, sent, send } = scene({ maxRows: 1, maxDelayMs: 0, maxQueueRows: 9 }, 1, 10);
    send(1);
    send(1);
    runner.gone = 'out of memory';
    runner.onChange();
    send(1);
    await clock.runUntilIdle();
    expect(sent.map((one) => one.error?.status)).toEqual([undefined, 503, 503]);
    expect(sent[2]?.error?.message).toContain('out of memory');
  });
});
