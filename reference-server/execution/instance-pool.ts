import { ServingError } from '../errors.ts';
import type { InferRequest, Tensor } from '../infer.ts';
import { type Clock, nsBetween } from '../telemetry/timings.ts';
import type { Slots } from './batch-policy.ts';
import { type Instance, InstanceError } from './instance.ts';
import type { Provider } from './providers.ts';
import { recentCrashes, restartAfter } from './restart-policy.ts';
import type { TensorSpec } from './tensors.ts';

export interface PoolSettings {
  readonly instances: number;
  /** Batches handed to one instance at once, the running one included. */
  readonly inFlight: number;
}

export interface PoolDeps {
  /** Starts one more instance of the model. */
  start(): Promise<Instance>;
  readonly clock: Clock;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
  /** For the statistics. */
  onCrash?(): void;
  onRestart?(): void;
}

export interface PoolRun {
  readonly outputs: readonly (readonly Tensor[])[];
  readonly computeNs: number;
  /** When the instance had finished what it was given before: until then the batch was still queueing. */
  readonly startedAtMs: number;
  readonly doneAtMs: number;
}

/** A running instance, with how much it has been given. */
interface Seat {
  readonly instance: Instance;
  readonly place: Place;
  inFlight: number;
  freeSinceMs: number;
}

/** What is remembered of an instance over its deaths. */
interface Place {
  crashesAtMs: number[];
  circuitOpen: boolean;
}

/**
 * Several instances of one model. One that dies takes only its own batches with it and is started again, later and
 * later when it keeps dying (`restart-policy.ts`). While none runs, requests wait, unless every circuit is open:
 * then the pool fails them until a try works.
 */
export class InstancePool {
  readonly settings: PoolSettings;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly providerRan: Provider;
  readonly providerReason: string;
  /** Called when a slot became free other than by a run's end, or when the pool has failed. */
  onChange: () => void = () => {};
  readonly #deps: PoolDeps;
  readonly #seats = new Set<Seat>();
  readonly #places: Place[] = [];
  readonly #cancelRestarts = new Set<() => void>();
  #closing = false;
  #lastDeath = '';

  static async start(settings: PoolSettings, deps: PoolDeps): Promise<InstancePool> {
    const starts = Array.from({ length: settings.instances }, () => deps.start());
    const outcomes = await Promise.allSettled(starts);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    const instances = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const first = instances[0];
    if (failed !== undefined || first === undefined) {
      await Promise.all(instances.map((instance) => instance.close()));
      throw failed?.reason;
    }
    return new InstancePool(settings, deps, first, instances);
  }

  private constructor(
    settings: PoolSettings,
    deps: PoolDeps,
    first: Instance,
    instances: readonly Instance[],
  ) {
    this.settings = settings;
    this.#deps = deps;
    this.inputs = first.inputs;
    this.outputs = first.outputs;
    this.providerRan = first.providerRan;
    this.providerReason = first.providerReason;
    for (const instance of instances) {
      const place = { crashesAtMs: [], circuitOpen: false };
      this.#places.push(place);
      this.#seat(instance, place);
    }
  }

  get running(): number {
    return this.#seats.size;
  }

  slots(): Slots {
    let idle = 0;
    let free = 0;
    for (const { inFlight } of this.#seats) {
      if (inFlight === 0) idle++;
      free += this.settings.inFlight - inFlight;
    }
    return { idle, ahead: free - idle };
  }

  /** Instances that crashed so often that they are left alone for a while. */
  get circuitsOpen(): number {
    return this.#places.filter(({ circuitOpen }) => circuitOpen).length;
  }

  /** Why nothing runs and nothing is about to; undefined while an instance runs or is being restarted. */
  failure(): string | undefined {
    if (this.#seats.size > 0 || this.circuitsOpen < this.#places.length) return undefined;
    return `${this.#lastDeath} (it keeps crashing, and is tried again every half minute)`;
  }

  /** Runs one batch on the instance with the least to do. Only to be called with a free slot. */
  async run(parts: readonly InferRequest[], rows: number, size: number): Promise<PoolRun> {
    const seat = this.#leastBusy();
    const handedOverAtMs = this.#deps.clock.nowMs();
    seat.inFlight++;
    try {
      const { outputs, computeNs } = await seat.instance.run(parts, rows, size);
      const startedAtMs = Math.max(handedOverAtMs, seat.freeSinceMs);
      return { outputs, computeNs, startedAtMs, doneAtMs: this.#deps.clock.nowMs() };
    } catch (error) {
      throw fromInstance(error);
    } finally {
      seat.inFlight--;
      seat.freeSinceMs = this.#deps.clock.nowMs();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const cancel of this.#cancelRestarts) cancel();
    const seats = [...this.#seats];
    this.#seats.clear();
    await Promise.all(seats.map((seat) => seat.instance.close()));
  }

  #leastBusy(): Seat {
    let best: Seat | undefined;
    for (const seat of this.#seats) {
      if (seat.inFlight < this.settings.inFlight && (best === undefined || seat.inFlight < best.inFlight)) {
        best = seat;
      }
    }
    if (best === undefined)
      throw new ServingError('internal', 'a batch was released without a free instance');
    return best;
  }

  #seat(instance: Instance, place: Place): void {
    const seat: Seat = { instance, place, inFlight: 0, freeSinceMs: 0 };
    this.#seats.add(seat);
    instance.died.then((reason) => {
      if (this.#closing || !this.#seats.delete(seat)) return;
      this.#deps.log('an instance died', { reason, stillRunning: this.#seats.size });
      this.#crashed(place, reason);
    }, rethrowOutside);
  }

  #crashed(place: Place, reason: string): void {
    this.#lastDeath = reason;
    this.#deps.onCrash?.();
    place.crashesAtMs = recentCrashes([...place.crashesAtMs, this.#deps.clock.nowMs()]);
    const { delayMs, circuitOpen } = restartAfter(place.crashesAtMs);
    if (circuitOpen && !place.circuitOpen) {
      this.#deps.log('an instance keeps crashing: its circuit is open', {
        reason,
        triedAgainAfterMs: delayMs,
      });
    }
    place.circuitOpen = circuitOpen;
    const cancel = this.#deps.clock.after(delayMs, () => {
      this.#cancelRestarts.delete(cancel);
      this.#startAgain(place).catch(rethrowOutside);
    });
    this.#cancelRestarts.add(cancel);
    this.onChange();
  }

  async #startAgain(place: Place): Promise<void> {
    const outcome = await this.#deps.start().catch((error: unknown) => asError(error));
    if (outcome instanceof Error) {
      if (this.#closing) return;
      this.#deps.log('an instance could not be restarted', { reason: outcome.message });
      this.#crashed(place, outcome.message);
      return;
    }
    if (this.#closing) return outcome.close();
    place.circuitOpen = false;
    this.#seat(outcome, place);
    this.#deps.onRestart?.();
    this.#deps.log('an instance was restarted', { running: this.#seats.size });
    this.onChange();
  }
}

/** Time around the model's run: stacking, and the way into the instance's thread and back. */
export function handoverNs(run: PoolRun): number {
  return Math.max(0, nsBetween(run.startedAtMs, run.doneAtMs) - run.computeNs);
}

function fromInstance(error: unknown): ServingError {
  const failure = error instanceof InstanceError ? error.failure : 'run';
  return new ServingError(KIND_OF[failure], asError(error).message, { cause: error });
}

const KIND_OF = { start: 'internal', request: 'invalid', run: 'internal', died: 'crashed' } as const;

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** A fault of our own must not vanish in a promise nobody waits for. */
function rethrowOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
