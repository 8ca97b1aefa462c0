/** What can be done to a target while a load runs against it. */
export const ACTIONS = [
  'model.load',
  'model.unload',
  'split.set',
  'shadow.set',
  'cache.flush',
  'redis.stop',
  'replica.kill',
  'replica.replace',
] as const;
export type ActionName = (typeof ACTIONS)[number];

/** One change of a running target. */
export type ChangeSpec =
  /** Without a version: the model as it is configured, anew; all of its versions. */
  | { readonly do: 'model.load' | 'model.unload'; readonly version?: string }
  /** Version -> share of the requests that name none; absent: no split. */
  | { readonly do: 'split.set'; readonly weights?: Readonly<Record<string, number>> }
  /** The version that gets copies, and of which share of the requests; absent: none does. */
  | { readonly do: 'shadow.set'; readonly version?: string; readonly share?: number }
  | { readonly do: 'cache.flush' }
  | { readonly do: 'redis.stop' }
  /** Counted from 1. */
  | { readonly do: 'replica.kill' | 'replica.replace'; readonly replica: number };

/** A change at its time in every case that it is about. */
export interface EventSpec {
  /** From the start of the measure phase. */
  readonly atMs: number;
  /** Labels of the cases, as in a gate; empty: all open cases, or where there are none all cases. */
  readonly in: Readonly<Record<string, string>>;
  readonly change: ChangeSpec;
}

/** `split.set 1: 90%, 2: 10%`: a change as a reader knows it from the scenario. */
export function changeWords(change: ChangeSpec): string {
  return [change.do, detailsOf(change)].filter((part) => part !== '').join(' ');
}

function detailsOf(change: ChangeSpec): string {
  switch (change.do) {
    case 'model.load':
    case 'model.unload':
      return change.version === undefined ? '' : `version ${change.version}`;
    case 'split.set':
      return change.weights === undefined ? 'none' : weightWords(change.weights);
    case 'shadow.set':
      return change.version === undefined
        ? 'none'
        : `version ${change.version}, ${percent(change.share ?? 1)} of the requests`;
    case 'cache.flush':
    case 'redis.stop':
      return '';
    case 'replica.kill':
    case 'replica.replace':
      return String(change.replica);
  }
}

function weightWords(weights: Readonly<Record<string, number>>): string {
  return Object.entries(weights)
    .map(([version, share]) => `${version}: ${percent(share)}`)
    .join(', ');
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))}%`;
}
