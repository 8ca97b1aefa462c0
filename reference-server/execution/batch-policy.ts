/**
 * When does a batch leave, with whom, and through which slot? Pure: a snapshot of the queue in, a decision out.
 *
 * Each shape has a line of its own (requests of different shapes cannot share a batch), in the order of leaving:
 *
 *   rows                      1  1  4  2 | 8                  maxRows 8: the fifth would not fit
 *                             `---------'
 *   no slot is free        -> wait; the line grows, which is how batches form at zero delay
 *   a preferred size can
 *   be cut, delay not over -> take the largest such cut: `preferred`
 *   maxRows, or the next
 *   one would not fit, or
 *   past every preferred   -> take them now: `full`
 *   no instance is idle    -> wait: a batch that is handed over early can neither grow nor make way
 *   maxDelay 0             -> take what has piled up: `idle` (an instance would otherwise be idle)
 *   oldest waits >= delay  -> take what has piled up: `delay`, whatever sizes are preferred
 *   otherwise              -> wait for the rest of the oldest one's delay
 *
 * A batch's size counts rows, not requests; a request is never split; the order of the line is kept; the delay
 * belongs to the line's oldest request, so that none waits longer than it while an instance is idle.
 */
export interface BatchPolicy {
  /** 1 switches batching off. */
  readonly maxRows: number;
  readonly maxDelayMs: number;
  /** Sizes worth leaving with at once, ascending, none above maxRows. Empty: only maxRows is. */
  readonly preferredRows: readonly number[];
}

export interface WaitingRequest {
  readonly rows: number;
  readonly enqueuedAtMs: number;
}

/** The requests of one shape. */
export interface Line<Request extends WaitingRequest = WaitingRequest> {
  readonly shape: string;
  /** In the order of leaving, as far as one batch may reach: `maxRows` rows and the request after them. */
  readonly front: readonly Request[];
  /** Of the whole line; a request of low priority may be older than all in front. */
  readonly oldestAtMs: number;
  /** Rank of the first in line: 1 is the highest priority. */
  readonly priority: number;
}

/** What the instances can take now, in batches. */
export interface Slots {
  /** Instances with nothing to do. */
  readonly idle: number;
  /** Batches that may be handed to an instance before it needs them: behind the one that it runs or is about to run. */
  readonly ahead: number;
}

export const RELEASE_REASONS = ['full', 'preferred', 'delay', 'idle'] as const;
export type ReleaseReason = (typeof RELEASE_REASONS)[number];

export interface Release {
  /** How many requests leave, from the front. */
  readonly take: number;
  readonly rows: number;
  readonly reason: ReleaseReason;
}

/** Infinity: nothing to do before something arrives or a slot becomes free. */
export interface Wait {
  readonly waitMs: number;
}

const WAIT_FOR_AN_EVENT: Wait = { waitMs: Number.POSITIVE_INFINITY };

/** Of the lines that may release a batch, the one with the highest priority in front; among equals the oldest. */
export function decideAmong<Request extends WaitingRequest>(
  lines: Iterable<Line<Request>>,
  policy: BatchPolicy,
  nowMs: number,
  slots: Slots,
): (Release & { readonly line: Line<Request> }) | Wait {
  let best: (Release & { readonly line: Line<Request> }) | undefined;
  let waitMs = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const decision = decideBatch(line, policy, nowMs, slots);
    if ('waitMs' in decision) waitMs = Math.min(waitMs, decision.waitMs);
    else if (best === undefined || goesBefore(line, best.line)) best = { ...decision, line };
  }
  return best ?? { waitMs };
}

function goesBefore(line: Line, other: Line): boolean {
  return line.priority === other.priority
    ? line.oldestAtMs < other.oldestAtMs
    : line.priority < other.priority;
}

export function decideBatch(
  { front, oldestAtMs }: Pick<Line, 'front' | 'oldestAtMs'>,
  policy: BatchPolicy,
  nowMs: number,
  slots: Slots,
): Release | Wait {
  if (front.length === 0 || slots.idle + slots.ahead < 1) return WAIT_FOR_AN_EVENT;
  const { whole, cut } = fitting(front, policy);
  // From the instant at which the delay ends, and not from the age: (now + wait) - oldest may round below the delay.
  const waitMs = oldestAtMs + policy.maxDelayMs - nowMs;
  const overdue = policy.maxDelayMs > 0 && waitMs <= 0;
  const stuffed = whole.rows >= policy.maxRows || whole.take < front.length;

  if (cut !== undefined && !overdue) {
    return { ...cut, reason: cut.rows === policy.maxRows ? 'full' : 'preferred' };
  }
  if (stuffed) return { ...whole, reason: 'full' };
  if (overdue && slots.idle > 0) return { ...whole, reason: 'delay' };
  if (whole.rows >= (policy.preferredRows.at(-1) ?? policy.maxRows)) return { ...whole, reason: 'full' };
  if (slots.idle < 1) return WAIT_FOR_AN_EVENT;
  return policy.maxDelayMs <= 0 ? { ...whole, reason: 'idle' } : { waitMs };
}

type Cut = Pick<Release, 'take' | 'rows'>;

/** The longest batch from the front, and the longest of a preferred size. The first request always belongs to it. */
function fitting(
  front: readonly WaitingRequest[],
  policy: BatchPolicy,
): { whole: Cut; cut: Cut | undefined } {
  let take = 0;
  let rows = 0;
  let cut: Cut | undefined;
  for (const next of front) {
    if (take > 0 && rows + next.rows > policy.maxRows) break;
    take++;
    rows += next.rows;
    if (policy.preferredRows.includes(rows)) cut = { take, rows };
  }
  return { whole: { take, rows }, cut };
}

/** The size that a batch is padded to: the smallest allowed one that holds its rows; its own where any is allowed. */
export function allowedSize(rows: number, allowedRows: readonly number[]): number {
  return allowedRows.find((allowed) => allowed >= rows) ?? rows;
}
