/**
 * When does a batch leave, and with whom? Pure: a snapshot of the queue in, a decision out.
 *
 *   queue (oldest first)      rows   1  1  4  2 | 8           maxRows 8: the fifth would not fit
 *                                    `---------'
 *   no slot is free           -> wait; the queue grows, which is how batches form at zero delay
 *   8 rows, or the next one
 *   would not fit             -> take them now: `full`
 *   maxDelay 0                -> take what has piled up: `idle` (an instance would otherwise be idle)
 *   oldest waits >= maxDelay  -> take what has piled up: `delay`
 *   otherwise                 -> wait for the rest of the oldest one's delay
 *
 * The batch size counts rows, not requests; a request is never split; the order of arrival is kept; the delay
 * belongs to the oldest request, so that no request waits longer than it beside a free slot.
 */
export interface BatchPolicy {
  /** 1 switches batching off. */
  readonly maxRows: number;
  readonly maxDelayMs: number;
}

export interface WaitingRequest {
  readonly rows: number;
  readonly enqueuedAtMs: number;
  /** Requests of different stacking keys cannot share a batch: their variable dimensions differ. */
  readonly stackingKey: string;
}

export const RELEASE_REASONS = ['full', 'delay', 'idle'] as const;
export type ReleaseReason = (typeof RELEASE_REASONS)[number];

export type BatchDecision =
  | { readonly take: number; readonly rows: number; readonly reason: ReleaseReason }
  /** Infinity: nothing to do before something arrives or a slot becomes free. */
  | { readonly waitMs: number };

const WAIT_FOR_AN_EVENT: BatchDecision = { waitMs: Number.POSITIVE_INFINITY };

export function decideBatch(
  waiting: readonly WaitingRequest[],
  policy: BatchPolicy,
  nowMs: number,
  freeSlots: number,
): BatchDecision {
  const oldest = waiting[0];
  if (oldest === undefined || freeSlots < 1) return WAIT_FOR_AN_EVENT;

  const { take, rows } = fittingPrefix(waiting, oldest, policy.maxRows);
  if (rows >= policy.maxRows || take < waiting.length) return { take, rows, reason: 'full' };
  if (policy.maxDelayMs <= 0) return { take, rows, reason: 'idle' };

  // From the instant at which the delay ends, and not from the age: (now + wait) - enqueued may round below the delay.
  const waitMs = oldest.enqueuedAtMs + policy.maxDelayMs - nowMs;
  return waitMs <= 0 ? { take, rows, reason: 'delay' } : { waitMs };
}

/** The longest run from the front that one batch may hold; the oldest request always belongs to it. */
function fittingPrefix(waiting: readonly WaitingRequest[], oldest: WaitingRequest, maxRows: number) {
  let take = 1;
  let rows = oldest.rows;
  while (take < waiting.length && rows < maxRows) {
    const next = waiting[take];
    if (next === undefined || next.stackingKey !== oldest.stackingKey || rows + next.rows > maxRows) break;
    rows += next.rows;
    take++;
  }
  return { take, rows };
}
