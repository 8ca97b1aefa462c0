import type { OwnSettings } from '../model-settings.ts';
import type { Notes } from './triton-execution.ts';
import type { Message } from './triton-message.ts';

type Scheduling = Required<Pick<OwnSettings, 'batching' | 'queue'>>;

/** How batches form and how long requests wait, where rows of several requests may share a batch. */
export function dynamicBatching(dynamic: Message, maxRows: number, notes: Notes): Scheduling {
  const others = dynamic.others(
    [
      'max_queue_delay_microseconds',
      'preferred_batch_size',
      'priority_levels',
      'default_priority_level',
      'default_queue_policy',
      'priority_queue_policy',
    ],
    ['preserve_ordering'],
  );
  notes.ignored(others.map((field) => `dynamic_batching.${field}`));
  const preferred = new Set(dynamic.integers('preferred_batch_size'));
  if ([...preferred].some((size) => size < 1 || size > maxRows)) {
    const line = dynamic.lineOf('preferred_batch_size');
    notes.problem(`dynamic_batching.preferred_batch_size: each must be from 1 to ${maxRows}`, line);
  }
  const priorityLevels = dynamic.integer('priority_levels', 0) || 1;
  const defaultPriority = dynamic.integer('default_priority_level', 0) || undefined;
  if (priorityLevels > 1 && (defaultPriority === undefined || defaultPriority > priorityLevels)) {
    notes.problem(
      `dynamic_batching.default_priority_level: must be from 1 to ${priorityLevels}`,
      dynamic.lineOf('default_priority_level') ?? dynamic.line,
    );
  }
  const [general] = dynamic.messages('default_queue_policy');
  const levels = [...dynamic.map('priority_queue_policy')].map(([level, policy]) => ({
    priority: Number(level),
    ...waiting(policy, notes),
  }));
  return {
    batching: {
      maxDelayMs: (dynamic.integer('max_queue_delay_microseconds', 0) ?? 0) / 1000,
      preferredRows: [...preferred].sort((a, b) => a - b),
    },
    queue: {
      ...(general === undefined ? {} : waiting(general, notes)),
      priorityLevels,
      ...(defaultPriority === undefined ? {} : { defaultPriority }),
      levels,
    },
  };
}

const ACTIONS: Readonly<Record<string, 'reject' | 'defer'>> = { REJECT: 'reject', DELAY: 'defer' };

/** A policy's timeouts; a left out one means what 0 means: for ever. */
function waiting(policy: Message, notes: Notes) {
  policy.others(
    ['timeout_action', 'default_timeout_microseconds', 'allow_timeout_override', 'max_queue_size'],
    [],
  );
  const action = policy.text('timeout_action') ?? 'REJECT';
  const timeoutAction = ACTIONS[action];
  if (timeoutAction === undefined) {
    notes.problem(`timeout_action: is ${action}, must be REJECT or DELAY`, policy.lineOf('timeout_action'));
  }
  // Triton bounds requests, this server rows: neither can stand for the other.
  if ((policy.integer('max_queue_size', 0) ?? 0) > 0) {
    notes.ignored([
      'dynamic_batching queue policy max_queue_size (in requests; batching.maxQueueRows is in rows)',
    ]);
  }
  return {
    timeoutMs: (policy.integer('default_timeout_microseconds', 0) ?? 0) / 1000,
    timeoutAction: timeoutAction ?? 'reject',
    allowTimeoutOverride: policy.flag('allow_timeout_override') ?? false,
  };
}
