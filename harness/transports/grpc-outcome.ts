import { DEADLINE_EXCEEDED, OK } from './grpc-status.ts';
import type { GrpcStream } from './grpc-stream.ts';
import type { StreamFailure } from './http2-events.ts';
import type { TransportOutcome } from './transport.ts';

/* What became of a call, as its stream ended. `complete` leaves the judgement of the status to the protocol. */

/** Timers may be so much early. */
const TIMER_MS = 1;

/** The stream ended in order. `status` is known by now, or -1. */
export function outcomeOfEnd(stream: GrpcStream, atMs: number, timeoutMs: number): TransportOutcome {
  const { status, request } = stream;
  // Our deadline went with the call, so the server may notice before we do.
  const isLate = atMs - stream.sentAtMs >= timeoutMs - TIMER_MS;
  if (status === DEADLINE_EXCEEDED && isLate) return 'timeout';
  if (status > OK) return 'complete';
  if (stream.isCutOff) return 'truncated';
  if (status < 0) return 'malformed';
  return request?.isUnary && stream.messages !== 1 ? 'malformed' : 'complete';
}

/** The stream ended alone, and not in order. */
export function outcomeOfFailure(how: StreamFailure, answered: boolean): TransportOutcome {
  if (how === 'malformed') return 'malformed';
  return answered ? 'truncated' : 'reset';
}

/** The connection ended, and the stream with it. */
export function outcomeOfBreak(outcome: TransportOutcome, answered: boolean): TransportOutcome {
  return outcome === 'reset' && answered ? 'truncated' : outcome;
}
