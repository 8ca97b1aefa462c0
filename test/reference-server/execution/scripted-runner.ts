import { ServingError } from '../../../reference-server/errors.ts';
import type { Slots } from '../../../reference-server/execution/batch-policy.ts';
import {
  Batcher,
  type BatcherSettings,
  type BatchRunner,
  type Execution,
} from '../../../reference-server/execution/batcher.ts';
import type { PoolRun } from '../../../reference-server/execution/instance-pool.ts';
import { DROP_CAUSES, type DropCause } from '../../../reference-server/execution/waiting-requests.ts';
import type { InferRequest, QueueWish } from '../../../reference-server/infer.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';
import { VirtualClock } from '../virtual-clock.ts';

export interface RanBatch {
  readonly rows: number;
  readonly size: number;
  readonly parts: readonly InferRequest[];
  readonly atMs: number;
}

/** Instances that take a fixed time for a batch, one after the other, and a log of every batch. */
export class ScriptedRunner implements BatchRunner {
  onChange = () => {};
  readonly batches: RanBatch[] = [];
  gone: string | undefined;
  fails = false;
  /** A request whose batch the model cannot run. */
  poison: InferRequest | undefined;
  readonly #clock: VirtualClock;
  readonly #serviceMs: number;
  readonly #depth: number;
  readonly #seats: { inFlight: number; freeAtMs: number }[];

  constructor(clock: VirtualClock, { instances, depth, serviceMs }: RunnerShape) {
    this.#clock = clock;
    this.#serviceMs = serviceMs;
    this.#depth = depth;
    this.#seats = Array.from({ length: instances }, () => ({ inFlight: 0, freeAtMs: 0 }));
  }

  slots(): Slots {
    const idle = this.#seats.filter(({ inFlight }) => inFlight === 0).length;
    const free = this.#seats.reduce((sum, { inFlight }) => sum + this.#depth - inFlight, 0);
    return { idle, ahead: free - idle };
  }

  failure = () => this.gone;

  async run(parts: readonly InferRequest[], rows: number, size: number): Promise<PoolRun> {
    const atMs = this.#clock.nowMs();
    this.batches.push({ rows, size, parts, atMs });
    const seat = this.#seats.reduce((best, each) => (each.inFlight < best.inFlight ? each : best));
    if (seat.inFlight >= this.#depth) throw new Error('a batch without a slot');
    seat.inFlight++;
    const startedAtMs = Math.max(atMs, seat.freeAtMs);
    seat.freeAtMs = startedAtMs + this.#serviceMs;
    await this.#clock.sleep(seat.freeAtMs - atMs);
    seat.inFlight--;
    const isPoisoned = parts.some((part) => part === this.poison);
    if (this.fails || isPoisoned) throw new ServingError('internal', 'the model failed');
    const outputs = parts.map((part) => part.inputs);
    return { outputs, computeNs: this.#serviceMs * 1e6, startedAtMs, doneAtMs: this.#clock.nowMs() };
  }
}

export interface RunnerShape {
  readonly instances: number;
  /** Batches in flight at each. */
  readonly depth: number;
  readonly serviceMs: number;
}

export interface Sent {
  readonly request: InferRequest;
  readonly shape: string;
  readonly wish: QueueWish;
  readonly caller: AbortController;
  readonly atMs: number;
  answers: number;
  failures: number;
  settledAtMs?: number;
  /** When its caller went away. */
  goneAtMs?: number;
  error?: ServingError;
  rowsBack?: readonly unknown[];
  queueNs?: number;
}

export interface ToSend extends QueueWish {
  readonly rows: number;
  readonly shape?: string;
  readonly signal?: AbortSignal;
}

const NO_LIMITS: BatcherSettings = {
  maxRows: 8,
  maxDelayMs: 0,
  preferredRows: [],
  allowedRows: [],
  queue: { maxRows: 64, defaultLevel: 1, levels: [levelPolicy()] },
};

export function levelPolicy(own: Partial<BatcherSettings['queue']['levels'][number]> = {}) {
  const timeoutMs = Number.POSITIVE_INFINITY;
  const timeoutAction = 'reject' as const;
  return { maxRows: 1000, timeoutMs, timeoutAction, allowTimeoutOverride: false, ...own };
}

/** A batcher on a virtual clock before scripted instances, and all that became of every request. */
export function scene(settings: Partial<BatcherSettings> = {}, shape: Partial<RunnerShape> = {}) {
  const clock = new VirtualClock();
  const runner = new ScriptedRunner(clock, { instances: 1, depth: 1, serviceMs: 10, ...shape });
  const executions: Execution[] = [];
  const dropped = Object.fromEntries(DROP_CAUSES.map((cause) => [cause, 0])) as Record<DropCause, number>;
  const counts = { deferred: 0 };
  const batcher = new Batcher(
    { ...NO_LIMITS, ...settings },
    {
      runner,
      clock,
      stackingKey: (request) => String(request.inputs[0]?.shape[1]),
      onExecution: (execution) => executions.push(execution),
      onDropped: (cause) => {
        dropped[cause]++;
      },
      onDeferred: () => {
        counts.deferred++;
      },
    },
  );
  const sent: Sent[] = [];
  const send = ({ rows, shape: rowShape = '1', signal, ...wish }: ToSend) => {
    const caller = new AbortController();
    const one: Sent = {
      request: requestOf(sent.length, rows, Number(rowShape)),
      shape: rowShape,
      wish,
      caller,
      atMs: clock.nowMs(),
      answers: 0,
      failures: 0,
    };
    sent.push(one);
    const timings = newTimings();
    const context = { receivedAtMs: clock.nowMs(), timings, queue: wish, signal: signal ?? caller.signal };
    const settled = (deed: () => void) => {
      deed();
      one.settledAtMs = clock.nowMs();
    };
    batcher.infer(one.request, context).then(
      (response) =>
        settled(() => {
          one.answers++;
          one.rowsBack = response.outputs;
          one.queueNs = timings.queueNs;
        }),
      (error: ServingError) =>
        settled(() => {
          one.failures++;
          one.error = error;
        }),
    );
    return one;
  };
  return { clock, runner, batcher, executions, dropped, counts, sent, send };
}

function requestOf(id: number, rows: number, width: number): InferRequest {
  const data = Uint8Array.of(id & 255, id >> 8);
  return { rows, inputs: [{ name: 'x', datatype: 'UINT8', shape: [rows, width], data }] };
}
