import type { QueueWish } from '../infer.ts';

/** How long requests may wait, how many, and who goes first. Pure. */
export interface QueuePolicy {
  /** Bound of the whole queue in rows. */
  readonly maxRows: number;
  /** The policy of each priority level: the first entry is level 1, the highest. At least one. */
  readonly levels: readonly LevelPolicy[];
  /** The level of a request that names none, or one that there is not. */
  readonly defaultLevel: number;
}

export interface LevelPolicy {
  /** Bound of this level in rows, within that of the whole queue. */
  readonly maxRows: number;
  /** How long a request may wait before `timeoutAction` meets it. Infinity: for ever. */
  readonly timeoutMs: number;
  /** `reject`: refused. `defer`: goes on waiting behind all of its level that have not timed out. */
  readonly timeoutAction: TimeoutAction;
  /** Whether a request may ask for less than `timeoutMs`. */
  readonly allowTimeoutOverride: boolean;
}

export const TIMEOUT_ACTIONS = ['reject', 'defer'] as const;
export type TimeoutAction = (typeof TIMEOUT_ACTIONS)[number];

export function levelOf({ priority = 0 }: QueueWish, policy: QueuePolicy): number {
  return priority >= 1 && priority <= policy.levels.length ? priority : policy.defaultLevel;
}

/**
 * The instant at which a request has waited too long. A caller's own timeout can only shorten the level's, and only
 * where the level allows it; 0 asks for nothing. (Triton ignores it where the level has no timeout of its own.)
 */
export function expiryOf({ timeoutMs = 0 }: QueueWish, level: LevelPolicy, enqueuedAtMs: number): number {
  const own = level.allowTimeoutOverride && timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY;
  return enqueuedAtMs + Math.min(level.timeoutMs, own);
}

/** Why a request of so many rows finds no room, in a sentence for its caller; undefined where it does. */
export function noRoom(
  rows: number,
  level: number,
  waiting: { readonly rows: number; rowsOf(level: number): number },
  policy: QueuePolicy,
): string | undefined {
  const ofLevel = policy.levels[level - 1]?.maxRows ?? policy.maxRows;
  const waitingOfLevel = waiting.rowsOf(level);
  if (waiting.rows + rows > policy.maxRows) return overflow(waiting.rows, rows, policy.maxRows);
  if (waitingOfLevel + rows <= ofLevel) return undefined;
  return `${overflow(waitingOfLevel, rows, ofLevel)} of priority ${level}`;
}

function overflow(waiting: number, rows: number, bound: number): string {
  return `Exceeds maximum queue size: ${waiting} rows wait, ${rows} more would pass ${bound}`;
}
