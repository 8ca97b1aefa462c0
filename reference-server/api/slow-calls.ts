import type { DoorCounts } from '../operations/door-counts.ts';
import type { LimitSettings } from '../operations/operation-settings.ts';
import { checkEveryMs } from './door-settings.ts';
import type { GrpcCall } from './grpc-call.ts';

/** Ends the calls whose callers do not go on: looks at all that are open, now and then while there are any. */
export class SlowCalls {
  readonly #limits: LimitSettings;
  readonly #counts: DoorCounts;
  readonly #open = new Set<GrpcCall>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: LimitSettings, counts: DoorCounts) {
    this.#limits = limits;
    this.#counts = counts;
  }

  add(call: GrpcCall): void {
    this.#open.add(call);
    this.#timer ??= setInterval(() => this.#check(performance.now()), checkEveryMs(this.#limits)).unref();
  }

  remove(call: GrpcCall): void {
    this.#open.delete(call);
  }

  #check(nowMs: number): void {
    if (this.#open.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    const { requestMs, answerMs } = this.#limits;
    for (const call of this.#open) {
      const waitedMs = nowMs - call.waitsSinceMs;
      if (call.waitsFor === 'request' && waitedMs > requestMs) this.#end(call, 'slow-request');
      else if (call.waitsFor === 'reader' && waitedMs > answerMs) this.#end(call, 'slow-reader');
    }
  }

  #end(call: GrpcCall, why: 'slow-request' | 'slow-reader'): void {
    this.#counts[why]++;
    call.giveUp();
  }
}
