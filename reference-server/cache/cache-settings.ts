import { z } from 'zod';
import { secretSource } from '../secret.ts';

const MEBIBYTE = 1024 * 1024;

/** Whether answers are kept and given again to requests that ask for the same. For models without randomness only. */
export const cache = z
  .strictObject({
    /**
     * `local`: in this process's memory, for each version of each model apart. `redis`: in a Redis or Valkey, where all
     * servers that run the same model find them, also after a restart.
     */
    kind: z.enum(['off', 'local', 'redis']).default('off'),
    /** Of `local`: memory for the answers of one version; those not asked for the longest go first. */
    maxBytes: z
      .int()
      .min(1)
      .default(64 * MEBIBYTE),
    /** How long after it was computed an answer may be given; 0: as long as there is room for it. */
    ttlMs: z.number().min(0).default(0),
    /** Whether equal requests that are under way at the same time run once. */
    singleFlight: z.boolean().default(true),
    /** Of `redis`: `redis://[user@]host[:port][/database]`, or `rediss://` for TLS. */
    url: z
      .url({ protocol: /^rediss?$/, error: 'must be redis://host:port or rediss://host:port' })
      .optional(),
    /** Of `redis`: where its password is. */
    password: secretSource.optional(),
    /** Of `redis` over TLS, PEM: the authority of its certificate, where that is none of the common ones. */
    caFile: z.string().min(1).optional(),
    /** Of `redis`: what its keys begin with. */
    prefix: z
      .string()
      .regex(/^[\w:.-]+$/, 'may only hold letters, digits, "_", ":", "-" and "."')
      .default('inferometer'),
    /** Of `redis`: how long a request waits for it at most; what has not come by then is a miss. */
    waitMs: z.number().min(1).default(20),
  })
  .refine(({ kind, url }) => kind !== 'redis' || url !== undefined, {
    path: ['url'],
    message: 'must say where the Redis is: redis://host:port',
  });
export type CacheSettings = z.infer<typeof cache>;

/** The settings as they may be shown: a user and a password in the address are left out. */
export function shownCache(settings: CacheSettings): CacheSettings {
  return settings.url === undefined ? settings : { ...settings, url: shownUrl(settings.url) };
}

export function shownUrl(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}
