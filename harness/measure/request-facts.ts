import type { Outcome } from '../transports/transport.ts';

/** The facts of one request, in milliseconds of one clock. Read, never kept: the object is reused. */
export interface RequestFacts {
  /** From the schedule and from nothing else (closed loop: when its slot became free, plus think time). */
  readonly intendedAtMs: number;
  readonly dispatchedAtMs: number;
  /** Just before the first byte was handed to an open connection; not a number until then. */
  readonly sentAtMs: number;
  readonly doneAtMs: number;
  /** Messages of the answer so far, and when the first was complete; where the transport knows messages. */
  readonly items?: number;
  readonly firstItemAtMs?: number;
  readonly outcome: Outcome;
  readonly rows: number;
  /** Of the bodies, as far as they were sent and read; absent where the engine does not count them. */
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  /** Position of its class in the workload; 0 where there is no mix. */
  readonly requestClass: number;
}
