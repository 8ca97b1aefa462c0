import type { GrpcRequest } from './grpc-request.ts';
import { NOT_SENT } from './grpc-stream.ts';
import { SlotQueue } from './slot-queue.ts';

/** Calls that no connection takes yet, in order of arrival; what is known of each lies by its slot. Allocates nothing. */
export class WaitingCalls {
  readonly #slots = new SlotQueue();
  readonly #requests: GrpcRequest[] = [];
  readonly #indexes: number[] = [];
  readonly #sentAtMs: number[] = [];
  readonly #sinceMs: number[] = [];

  get size(): number {
    return this.#slots.size;
  }

  /** The request of the oldest. */
  get request(): GrpcRequest | undefined {
    return this.#requests[this.#slots.first];
  }

  /** Since when the oldest waits. */
  get sinceMs(): number {
    return this.#sinceMs[this.#slots.first] ?? Number.POSITIVE_INFINITY;
  }

  push(request: GrpcRequest, slot: number, index: number, sentAtMs: number, nowMs: number): void {
    this.#requests[slot] = request;
    this.#indexes[slot] = index;
    this.#sentAtMs[slot] = sentAtMs;
    this.#sinceMs[slot] = nowMs;
    this.#slots.push(slot);
  }

  /** The oldest waits no longer; gives its slot. */
  shift(): number {
    return this.#slots.shift();
  }

  indexOf(slot: number): number {
    return this.#indexes[slot] ?? 0;
  }

  /** Of an earlier attempt. */
  sentAtMsOf(slot: number): number {
    return this.#sentAtMs[slot] ?? NOT_SENT;
  }
}
