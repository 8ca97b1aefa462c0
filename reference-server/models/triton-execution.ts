import type { OwnSettings } from '../model-settings.ts';
import type { Message } from './triton-message.ts';

/** Where the reading of a configuration says what it found. */
export interface Notes {
  problem(message: string, line?: number): void;
  /** These fields are read, and nothing follows from them. */
  ignored(fields: readonly string[]): void;
}

const KINDS: Readonly<Record<string, OwnSettings['provider']>> = {
  KIND_AUTO: undefined,
  KIND_MODEL: undefined,
  KIND_CPU: 'cpu',
  KIND_GPU: 'cuda',
};

/** Several groups of one kind are one; a count left out is one instance. */
export function instances(config: Message, notes: Notes): OwnSettings {
  const groups = config.messages('instance_group');
  if (groups.length === 0) return {};
  let count = 0;
  const kinds = new Set<string>();
  for (const group of groups) {
    const kind = group.text('kind') ?? 'KIND_AUTO';
    if (!Object.hasOwn(KINDS, kind))
      notes.problem(`instance_group.kind: there is no ${kind}`, group.lineOf('kind'));
    kinds.add(kind);
    count += group.integer('count', 0) || 1;
    const others = group.others(
      ['name', 'kind', 'count'],
      ['gpus', 'rate_limiter', 'secondary_devices', 'profile', 'passive', 'host_policy'],
    );
    notes.ignored(others.map((field) => `instance_group.${field}`));
  }
  const [kind = 'KIND_AUTO'] = kinds;
  if (kinds.size > 1) {
    notes.problem('instance_group: all groups of a model must be of one kind here', groups[0]?.line);
  }
  const provider = KINDS[kind];
  return { instances: count, ...(provider === undefined ? {} : { provider }) };
}

/** The parameters of Triton's ONNX Runtime backend; 0 threads leaves the number to the server. */
export function threads(config: Message, notes: Notes): OwnSettings {
  let own: OwnSettings = {};
  for (const [key, value] of config.map('parameters')) {
    const text = value.text('string_value');
    if (key === 'intra_op_thread_count' && text !== undefined && /^\d{1,4}$/.test(text)) {
      if (Number(text) > 0) own = { threads: Number(text) };
    } else {
      notes.ignored([`parameters '${key}'`]);
    }
  }
  return own;
}
