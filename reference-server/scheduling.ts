import { z } from 'zod';
import type { BatcherSettings } from './execution/batcher.ts';
import { PLACEMENT_CHOICES } from './execution/placement.ts';
import { type LevelPolicy, TIMEOUT_ACTIONS } from './execution/queue-policy.ts';

const wholeFrom1 = z.int().min(1);

/** How batches form. */
export const batching = z
  .strictObject({
    /** Rows in one batch at most; 1 switches batching off. */
    maxRows: wholeFrom1.default(32),
    /** How long the oldest request may wait for company beside an idle instance. */
    maxDelayMs: z.number().min(0).default(0),
    /** Sizes at which a batch leaves at once, the delay not waited for; empty: only maxRows. */
    preferredRows: z.array(wholeFrom1).default([]),
    /** Sizes in which batches run, the largest being maxRows: smaller ones are padded. Empty: any size. */
    allowedRows: z.array(wholeFrom1).default([]),
    /** Rows that may wait; beyond it a request is answered 503. */
    maxQueueRows: wholeFrom1.default(512),
    /** Batches handed to one instance at once, the running one included. Only full or preferred ones go ahead. */
    inFlight: wholeFrom1.default(1),
  })
  .superRefine((value, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (value.maxQueueRows < value.maxRows) {
      problem('maxQueueRows', 'must be at least maxRows, or no full batch could ever wait');
    }
    for (const name of ['preferredRows', 'allowedRows'] as const) {
      if (!isAscending(value[name])) problem(name, 'must be in ascending order, each size once');
    }
    if (value.preferredRows.some((rows) => rows > value.maxRows)) {
      problem('preferredRows', `must not have a size above maxRows (${value.maxRows})`);
    }
    if (value.allowedRows.length > 0 && value.allowedRows.at(-1) !== value.maxRows) {
      problem('allowedRows', `must end with maxRows (${value.maxRows})`);
    }
  });
export type BatchingSettings = z.infer<typeof batching>;

const timeoutAction = z.enum(TIMEOUT_ACTIONS);

/** How long requests may wait, and who goes first. */
export const queue = z
  .strictObject({
    /** How long a request may wait before `timeoutAction`; 0: for ever. */
    timeoutMs: z.number().min(0).default(0),
    /** `reject` answers 503; `defer` lets it wait on, behind all of its priority that have not timed out. */
    timeoutAction: timeoutAction.default('reject'),
    /** Whether a request's parameter `timeout` (microseconds) may shorten its wait. */
    allowTimeoutOverride: z.boolean().default(false),
    /** How many priorities there are: 1 is the highest, and a request names its own in the parameter `priority`. */
    priorityLevels: z.int().min(1).max(100).default(1),
    /** The priority of requests that name none; left out: the lowest. */
    defaultPriority: wholeFrom1.optional(),
    /** What differs for single priorities. `maxRows`: rows of it that may wait, within batching.maxQueueRows. */
    levels: z
      .array(
        z.strictObject({
          priority: wholeFrom1,
          maxRows: wholeFrom1.optional(),
          timeoutMs: z.number().min(0).optional(),
          timeoutAction: timeoutAction.optional(),
          allowTimeoutOverride: z.boolean().optional(),
        }),
      )
      .default([]),
  })
  .superRefine((value, context) => {
    const problem = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const { priorityLevels, defaultPriority, levels } = value;
    if (defaultPriority !== undefined && defaultPriority > priorityLevels) {
      problem(['defaultPriority'], `must be at most priorityLevels (${priorityLevels})`);
    }
    levels.forEach(({ priority }, index) => {
      const path = ['levels', index, 'priority'];
      if (priority > priorityLevels) problem(path, `must be at most priorityLevels (${priorityLevels})`);
      if (levels.findIndex((level) => level.priority === priority) < index)
        problem(path, 'must not be given twice');
    });
  });
export type QueueSettings = z.infer<typeof queue>;

export const placement = z.enum(PLACEMENT_CHOICES);

/** What the batcher works with. */
export function batcherSettings(batches: BatchingSettings, waits: QueueSettings): BatcherSettings {
  const { maxRows, maxDelayMs, preferredRows, allowedRows, maxQueueRows } = batches;
  const levels = Array.from({ length: waits.priorityLevels }, (_, index) =>
    levelPolicy(index + 1, waits, maxQueueRows),
  );
  const defaultLevel = waits.defaultPriority ?? waits.priorityLevels;
  const queuePolicy = { maxRows: maxQueueRows, levels, defaultLevel };
  return { maxRows, maxDelayMs, preferredRows, allowedRows, queue: queuePolicy };
}

function levelPolicy(priority: number, waits: QueueSettings, maxQueueRows: number): LevelPolicy {
  const own = waits.levels.find((level) => level.priority === priority);
  const timeoutMs = own?.timeoutMs ?? waits.timeoutMs;
  return {
    maxRows: own?.maxRows ?? maxQueueRows,
    timeoutMs: timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs,
    timeoutAction: own?.timeoutAction ?? waits.timeoutAction,
    allowTimeoutOverride: own?.allowTimeoutOverride ?? waits.allowTimeoutOverride,
  };
}

function isAscending(sizes: readonly number[]): boolean {
  return sizes.every((size, index) => index === 0 || size > (sizes[index - 1] ?? 0));
}
