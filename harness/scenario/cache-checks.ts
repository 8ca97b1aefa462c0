import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';

/** What the fields around a cache allow each other. */
export function cacheChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  return [...cacheFields(content, complain), ...staleChoice(content, complain)];
}

/** Only the bundled server says how old an answer is, and only who says how often the data changes can be told. */
function staleChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  const { changeEvery } = asMap(content.workload) ?? {};
  const at = ['workload', 'changeEvery'];
  if (changeEvery === undefined) {
    if (!asksForStale(asMap(content.decide) ?? {})) return [];
    const message = 'found nothing; a gate or the report is about stale answers';
    return [complain(at, message, 'say how often the data behind a payload changes, as in changeEvery: 10s')];
  }
  if (asMap(content.target)?.url === undefined) return [];
  const message = 'only the bundled server says how old an answer of its cache is';
  return [complain(at, message, 'leave it out, or target: { reference: … }')];
}

function asksForStale({ report, gates }: Record<string, unknown>): boolean {
  const listed = (found: unknown): unknown[] => (Array.isArray(found) ? found : []);
  const texts = [report, ...listed(gates).map((gate) => asMap(gate)?.expect)].flatMap(listed);
  return texts.some((text) => /^\s*(cache\.staleRate|stale|staleness)\b/.test(String(text)));
}

/** Fields that mean nothing beside the others. */
function cacheFields(content: Record<string, unknown>, complain: Complain): Problem[] {
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
