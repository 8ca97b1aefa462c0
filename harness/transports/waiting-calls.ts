import type { GrpcRequest } from './grpc-request.ts';
import { NOT_SENT } from './grpc-stream.ts';
import { SlotQueue } from './slot-queue.ts';

const NONE = -1;

/**
 * Calls that no connection takes now, in order of arrival: those that come back from a connection have waited before, so
 * they are ahead of those that have not been on any. What is known of each lies by its slot. Allocates nothing.
 */
export class WaitingCalls {
  readonly #returned = new SlotQueue();
  readonly #fresh = new SlotQueue();
  readonly #requests: GrpcRequest[] = [];
  readonly #indexes: number[] = [];
  readonly #sentAtMs: number[] = [];
  readonly #sinceMs: number[] = [];

  get size(): number {
    return this.#returned.size + this.#fresh.size;
  }

  /** The request of the first. */
  get request(): GrpcRequest | undefined {
    return this.#requests[this.#next.first];
  }

  push(request: GrpcRequest, slot: number, index: number, nowMs: number): void {
    this.#note(request, slot, index, NOT_SENT, nowMs);
    this.#fresh.push(slot);
  }

  /** `sentAtMs`: by which it first left, or NOT_SENT. */
  pushReturned(request: GrpcRequest, slot: number, index: number, sentAtMs: number, nowMs: number): void {
    this.#note(request, slot, index, sentAtMs, nowMs);
    this.#returned.push(slot);
  }

  /** The first waits no longer; gives its slot. */
  shift(): number {
    return this.#next.shift();
  }

  /** The slot of one that has waited for so long, and waits no longer; -1 where there is none. */
  shiftExpired(nowMs: number, timeoutMs: number): number {
    if (this.#isExpired(this.#returned.first, nowMs, timeoutMs)) return this.#returned.shift();
    return this.#isExpired(this.#fresh.first, nowMs, timeoutMs) ? this.#fresh.shift() : NONE;
  }

  indexOf(slot: number): number {
    return this.#indexes[slot] ?? 0;
  }

  /** Of an earlier attempt. */
  sentAtMsOf(slot: number): number {
    return this.#sentAtMs[slot] ?? NOT_SENT;
  }

  get #next(): SlotQueue {
    return this.#returned.size > 0 ? this.#returned : this.#fresh;
  }

  #note(request: GrpcRequest, slot: number, index: number, sentAtMs: number, nowMs: number): void {
    this.#requests[slot] = request;
    this.#indexes[slot] = index;
    this.#sentAtMs[slot] = sentAtMs;
    this.#sinceMs[slot] = nowMs;
  }

  #isExpired(slot: number, nowMs: number, timeoutMs: number): boolean {
    return slot >= 0 && nowMs - (this.#sinceMs[slot] ?? nowMs) >= timeoutMs;
  }
}
