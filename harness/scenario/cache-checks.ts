import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';

/** Fields that mean nothing beside the others. */
export function cacheChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  const found = asMap(asMap(asMap(content.target)?.reference)?.cache);
  if (found === undefined) return [];
  const at = (field: string) => ['target', 'reference', 'cache', field];
  const { kind = 'off' } = found;
  const problems: Problem[] = [];
  if (kind === 'local') {
    const strange = ['url', 'password', 'wait'].filter((field) => found[field] !== undefined);
    problems.push(...strange.map((field) => complain(at(field), 'is about a Redis', 'kind: redis')));
  }
  if (kind === 'redis' && found.url !== undefined && found.size !== undefined) {
    const message = 'found a size; a Redis that runs already has its own bound';
    problems.push(complain(at('size'), message, 'set its maxmemory, and leave size out'));
  }
  if (kind === 'redis' && found.url === undefined && found.password !== undefined) {
    const message = 'found a password; the Redis that the run starts has none';
    problems.push(complain(at('password'), message, 'leave it out, or give the url'));
  }
  return problems;
}
