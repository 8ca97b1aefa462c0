import { z } from 'zod';
import { cache } from './cache/cache-settings.ts';
import { batching, placement, queue } from './scheduling.ts';

const wholeFrom1 = z.int().min(1);

const provider = z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt']);
export type ProviderSetting = z.infer<typeof provider>;

/** What each model runs with: the server has a value for all, a model may have its own. */
export const settings = z
  .strictObject({
    /** Instances of each model. */
    instances: wholeFrom1.default(1),
    /** Threads within one operator, per instance. */
    threads: wholeFrom1.default(1),
    provider: provider.default('auto'),
    /** Where it runs: in threads of its own, in the one that does the I/O, or where it is measured to be cheaper. */
    placement: placement.default('auto'),
    batching: batching.prefault({}),
    queue: queue.prefault({}),
    cache: cache.prefault({}),
  })
  .refine((value) => value.placement !== 'inline' || value.instances === 1, {
    path: ['placement'],
    message: 'must not be inline with more than one instance: there is one thread that does the I/O',
  });
export type ModelSettings = z.infer<typeof settings>;

/** The settings of one model, each field of which may be left out, those within batching, queue and cache as well. */
export const ownSettings = z.strictObject({
  instances: wholeFrom1.optional(),
  threads: wholeFrom1.optional(),
  provider: provider.optional(),
  placement: placement.optional(),
  batching: withoutDefaults(batching.shape).optional(),
  queue: withoutDefaults(queue.shape).optional(),
  cache: withoutDefaults(cache.shape).optional(),
});
export type OwnSettings = z.infer<typeof ownSettings>;

/** Settings of what runs a model: an ensemble, which runs nothing itself, has none of them. */
export const EXECUTION_FIELDS = [
  'instances',
  'threads',
  'provider',
  'placement',
  'batching',
  'queue',
  'cache',
] as const satisfies readonly (keyof OwnSettings)[];

/**
 * What a model runs with: its own settings before the server's. Lists of batch sizes and the bound of the queue that
 * belong to another `maxRows` are left behind with it.
 */
export function settingsOf(
  server: ModelSettings,
  own: OwnSettings,
): ModelSettings | { readonly problems: z.core.$ZodError } {
  const { maxRows } = own.batching ?? {};
  const others =
    maxRows === undefined
      ? {}
      : {
          maxQueueRows: Math.max(maxRows, server.batching.maxQueueRows),
          preferredRows: [],
          allowedRows: [],
        };
  const merged = settings.safeParse({
    instances: own.instances ?? server.instances,
    threads: own.threads ?? server.threads,
    provider: own.provider ?? server.provider,
    placement: own.placement ?? server.placement,
    batching: { ...server.batching, ...others, ...own.batching },
    queue: { ...server.queue, ...own.queue },
    cache: { ...server.cache, ...own.cache },
  });
  return merged.success ? merged.data : { problems: merged.error };
}

/** The same fields, none of them with a default, each of which may be left out. */
function withoutDefaults<Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape) {
  const fields = Object.entries(shape).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
    return [name, bare.optional()];
  });
  type Bare = { [Name in keyof Shape]: z.ZodOptional<z.ZodType<z.output<Shape[Name]>>> };
  return z.strictObject(Object.fromEntries(fields) as Bare);
}
