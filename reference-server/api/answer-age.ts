import { invalid } from '../errors.ts';

/**
 * A request with the parameter `cache_age: true` is told, where its answer was not computed for it (a hit of the cache, or
 * one that joined an equal request), how long before it came the computation had begun: the parameter `cache_age_us` of
 * the response, in whole microseconds. Of an ensemble: of its oldest part. Without it an answer from the cache has the
 * same bytes as a computed one.
 */
export const SAYS_AGE = 'cache_age';
export const AGE = 'cache_age_us';

/** Whether a request wants to be told. Throws an `invalid` ServingError for what is neither true nor false. */
export function ageWanted({ [SAYS_AGE]: wanted = false }: Readonly<Record<string, unknown>>): boolean {
  if (typeof wanted === 'boolean') return wanted;
  throw invalid(`the parameter "${SAYS_AGE}" must be true or false, found ${JSON.stringify(wanted)}`);
}

/** What is told; undefined where nothing is. */
export function toldAgeUs(wanted: boolean, ageMs: number | undefined): number | undefined {
  return wanted && ageMs !== undefined ? Math.round(ageMs * 1000) : undefined;
}
