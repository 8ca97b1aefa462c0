import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

/** Whether answers are kept and given again to requests that ask for the same. */
export const cache = z.strictObject({
  /** `local`: in this process's memory, for each version of each model apart. For models without randomness only. */
  kind: z.enum(['off', 'local']).default('off'),
  /** Memory for the answers of one version; those not asked for the longest go first. */
  maxBytes: z
    .int()
    .min(1)
    .default(64 * MEBIBYTE),
  /** How long after it was computed an answer may be given; 0: as long as there is room for it. */
  ttlMs: z.number().min(0).default(0),
});
export type CacheSettings = z.infer<typeof cache>;
