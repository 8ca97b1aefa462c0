import type { CacheSpec } from '../scenario/target-spec.ts';
import { known, type Settings } from './effective-settings.ts';

/** As the server's configuration has it; nothing where the scenario does not speak of a cache. */
export function cacheConfig(cache: CacheSpec | undefined): { readonly cache?: Settings } {
  if (cache === undefined) return {};
  if (cache.kind !== 'redis') return { cache: { ...cache } };
  const { maxBytes: _, passwordEnv, ...asked } = cache;
  return {
    cache: known({ ...asked, password: passwordEnv === undefined ? undefined : { env: passwordEnv } }),
  };
}

/** Settings that the server must say it runs. Where its password is and what its keys begin with are none. */
export function requestedCache(cache: CacheSpec | undefined): Settings {
  if (cache?.kind !== 'redis') return named({ ...cache });
  const { passwordEnv: _, prefix: __, maxBytes: ___, url, ...asked } = cache;
  return named(known({ ...asked, url: url === undefined ? undefined : shownUrl(url) }));
}

function named(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`cache.${name}`, value]));
}

/** A user is left out, as the server leaves it out. */
function shownUrl(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}
