import { StartupError } from '../errors.ts';
import { readSecret } from '../read-secret.ts';
import { type CacheSettings, shownUrl } from './cache-settings.ts';
import { RedisLink, type RedisLinkDeps } from './redis-link.ts';

/** The connections of this server: one for each Redis, however many models use it. */
export class RedisLinks {
  readonly #deps: RedisLinkDeps;
  readonly #links = new Map<string, RedisLink>();

  constructor(deps: RedisLinkDeps) {
    this.#deps = deps;
  }

  /** Does not wait until it is connected. Throws a StartupError where there is no password to be found. */
  to({ url, password }: Pick<CacheSettings, 'url' | 'password'>): RedisLink {
    if (url === undefined) throw new Error('a response cache in Redis without its address');
    const key = JSON.stringify([url, password]);
    const found = this.#links.get(key);
    if (found !== undefined) return found;
    const link = new RedisLink(url, password && passwordFrom(url, password), this.#deps);
    this.#links.set(key, link);
    return link;
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
  }
}

function passwordFrom(url: string, source: NonNullable<CacheSettings['password']>): string {
  const read = readSecret(source);
  if ('secret' in read) return read.secret;
  const message = `cache.password: the password of ${shownUrl(url)} ${read.problem}`;
  throw new StartupError(message, 'Put it there, or leave cache.password out.', 3);
}
