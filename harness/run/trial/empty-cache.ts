import { TargetError } from '../../errors.ts';
import type { RunningTarget } from '../../targets/target.ts';

/**
 * Each trial begins with an empty cache: what another case, or the asking for right answers, left there would be hits of
 * this one. Throws TargetError where it cannot be emptied.
 */
export async function emptyCache(target: RunningTarget): Promise<void> {
  const { spec } = target;
  if (spec.kind !== 'reference' || spec.cache === undefined || spec.cache.kind === 'off') return;
  const outcome = await target.apply?.({ do: 'cache.flush' });
  if (outcome !== undefined && 'done' in outcome) return;
  const reason = outcome?.failed ?? 'it takes no changes';
  throw new TargetError(`The response cache could not be emptied before a case: ${reason}.`);
}
