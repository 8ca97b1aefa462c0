import { invalid } from '../errors.ts';
import type { QueueWish } from '../infer.ts';

/** The request parameters `priority` and `timeout` (microseconds), from whichever door; undefined where neither is there. */
export function queueWishOf(parameters: Readonly<Record<string, unknown>>): QueueWish | undefined {
  const { priority, timeout } = parameters;
  if (priority === undefined && timeout === undefined) return undefined;
  return {
    ...(priority === undefined ? {} : { priority: whole(priority, 'priority') }),
    ...(timeout === undefined ? {} : { timeoutMs: whole(timeout, 'timeout') / 1000 }),
  };
}

function whole(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`the parameter "${name}" must be a whole number from 0, found ${JSON.stringify(value)}`);
}
