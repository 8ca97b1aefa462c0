import type { EventFile } from './event-schema.ts';
import type { ActionName, ChangeSpec, EventSpec } from './event-spec.ts';

/** What a mistake of an event is about: one of its fields, or the event as a whole. */
export interface Misfit {
  readonly field?: keyof EventFile;
  readonly message: string;
  readonly advice: string;
}

/** The fields that say more about an action, beside `at`, `do` and `in`. */
const FIELDS: Readonly<Record<ActionName, readonly Detail[]>> = {
  'model.load': ['version'],
  'model.unload': ['version'],
  'split.set': ['weights'],
  'shadow.set': ['version', 'share'],
  'cache.flush': [],
  'redis.stop': [],
  'replica.kill': ['replica'],
  'replica.replace': ['replica'],
};

type Detail = 'version' | 'weights' | 'share' | 'replica';
const DETAILS: readonly Detail[] = ['version', 'weights', 'share', 'replica'];

/** Fields of other actions, and those without which the action says too little. */
export function misfitOfFields(event: EventFile): Misfit[] {
  const own = FIELDS[event.do];
  const strange = DETAILS.filter((field) => event[field] !== undefined && !own.includes(field));
  const misfits: Misfit[] = strange.map((field) => ({
    field,
    message: `says nothing about ${event.do}`,
    advice: own.length === 0 ? 'leave it out' : `${event.do} takes ${own.join(', ')}`,
  }));
  if (own.includes('replica') && event.replica === undefined) {
    misfits.push({ message: `found no replica; ${event.do} names one`, advice: 'replica: 1' });
  }
  if (event.weights !== undefined && !isWhole(Object.values(event.weights))) {
    const message = 'the shares do not come to 100 %';
    misfits.push({ field: 'weights', message, advice: 'as in weights: { 1: 90%, 2: 10% }' });
  }
  if (event.share !== undefined && event.version === undefined && own.includes('share')) {
    misfits.push({ field: 'share', message: 'found a share of no version', advice: 'version: 2' });
  }
  if ((event.share ?? 0) > 1) {
    misfits.push({ field: 'share', message: 'a share is 100 % at most', advice: 'share: 100%' });
  }
  return misfits;
}

function isWhole(shares: readonly number[]): boolean {
  return Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-6;
}

/** The event without its place, which is read as it was written. */
export function eventFrom(event: EventFile): Omit<EventSpec, 'in'> {
  return { atMs: event.at, change: changeFrom(event) };
}

function changeFrom({ do: action, version, weights, share, replica }: EventFile): ChangeSpec {
  switch (action) {
    case 'model.load':
    case 'model.unload':
      return { do: action, ...(version === undefined ? {} : { version: String(version) }) };
    case 'split.set':
      return { do: action, ...(weights === undefined ? {} : { weights }) };
    case 'shadow.set':
      return {
        do: action,
        ...(version === undefined ? {} : { version: String(version), share: share ?? 1 }),
      };
    case 'cache.flush':
    case 'redis.stop':
      return { do: action };
    case 'replica.kill':
    case 'replica.replace':
      return { do: action, replica: replica ?? 1 };
  }
}
