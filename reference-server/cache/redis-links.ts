import { readFileSync } from 'node:fs';
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

  /** Does not wait until it is connected. Throws where the password or the authority cannot be read. */
  to({ url, password, caFile }: Pick<CacheSettings, 'url' | 'password' | 'caFile'>): RedisLink {
    if (url === undefined) throw new Error('a response cache in Redis without its address');
    const key = JSON.stringify([url, password, caFile]);
    const found = this.#links.get(key);
    if (found !== undefined) return found;
    const place = {
      url,
      password: password && passwordFrom(url, password),
      ca: caFile === undefined ? undefined : readFileSync(caFile),
    };
    const link = new RedisLink(place, this.#deps);
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
