/** What a server says that it runs, in the neutral vocabulary of scenarios: `batching.maxRows`, `instances`, … */
export type Settings = Readonly<Record<string, unknown>>;

/** The settings of our own server, from the object `inferometer` of its model configuration; undefined elsewhere. */
export function ownSettings(config: unknown): Settings | undefined {
  const own = (config as { inferometer?: Record<string, unknown> } | null | undefined)?.inferometer;
  if (own === undefined) return undefined;
  return known({
    'batching.maxRows': own.maxRows,
    'batching.maxDelayMs': own.maxDelayMs,
    'batching.maxQueueRows': own.maxQueueRows,
    'batching.inFlight': own.inFlight,
    'batching.preferredRows': own.preferredRows,
    'batching.allowedRows': own.allowedRows,
    'batching.queueTimeoutMs': own.queueTimeoutMs,
    'batching.queueTimeoutAction': own.queueTimeoutAction,
    instances: own.instances,
    threads: own.threads,
    provider: own.provider,
    providerRan: own.providerRan,
    placement: own.placement,
    ...cacheSettings(own.cache),
    'pipeline.before': own.stepsBefore,
    'pipeline.after': own.stepsAfter,
    // Where there is one only, it is no setting.
    versions: Array.isArray(own.versions) && own.versions.length > 1 ? own.versions : undefined,
  });
}

/** What belongs to a cache is told where there is one; how large a Redis is, only that knows. */
function cacheSettings(own: unknown): Settings {
  const { kind, maxBytes, ttlMs, singleFlight, url, waitMs } = (own ?? {}) as Record<string, unknown>;
  if (kind === undefined || kind === 'off') return { 'cache.kind': kind };
  return {
    'cache.kind': kind,
    'cache.ttlMs': ttlMs === 0 ? undefined : ttlMs,
    'cache.singleFlight': singleFlight,
    ...(kind === 'redis' ? { 'cache.url': url, 'cache.waitMs': waitMs } : { 'cache.maxBytes': maxBytes }),
  };
}

interface TritonConfig {
  readonly platform?: unknown;
  readonly backend?: unknown;
  readonly max_batch_size?: unknown;
  readonly dynamic_batching?: {
    readonly max_queue_delay_microseconds?: unknown;
    readonly preferred_batch_size?: unknown;
  };
  readonly instance_group?: readonly { readonly count?: unknown }[];
}

/**
 * The same from Triton's model configuration. Without `dynamic_batching` Triton forms no batches of its own,
 * whatever `max_batch_size` lets a single request carry.
 */
export function tritonSettings(config: unknown): Settings {
  if (typeof config !== 'object' || config === null || !('max_batch_size' in config)) return {};
  const { max_batch_size, dynamic_batching, instance_group, platform, backend } = config as TritonConfig;
  const delayUs = dynamic_batching?.max_queue_delay_microseconds;
  const counts = (instance_group ?? []).map(({ count }) => Number(count ?? 1));
  return known({
    'batching.maxRows': dynamic_batching === undefined ? 1 : max_batch_size,
    'batching.maxDelayMs': dynamic_batching === undefined ? undefined : Number(delayUs ?? 0) / 1000,
    'batching.preferredRows': dynamic_batching?.preferred_batch_size,
    instances: counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0),
    platform: platform === '' ? undefined : platform,
    backend: backend === '' ? undefined : backend,
  });
}

/** Rows that one request may carry, where the configuration says so. Triton's 0 leaves batches to the model. */
export function maxRowsPerRequest(config: unknown): number | undefined {
  const maxRows = Number((config as TritonConfig | null | undefined)?.max_batch_size);
  return maxRows > 0 ? maxRows : undefined;
}

/** One sentence a setting that runs differently than asked. `auto`, of provider and placement, may resolve to any. */
export function settingDifferences(requested: Settings, effective: Settings): string[] {
  return Object.entries(requested).flatMap(([name, asked]) => {
    if (name === 'provider') return providerDifference(String(asked), effective);
    if (name === 'placement' && asked === 'auto') return [];
    if (!(name in effective)) return [`${name}: asked for ${show(asked)}, the server does not say`];
    const runs = effective[name];
    return show(runs) === show(asked)
      ? []
      : [`${name}: asked for ${show(asked)}, the server runs ${show(runs)}`];
  });
}

function providerDifference(asked: string, { providerRan }: Settings): string[] {
  if (asked === 'auto' || asked === providerRan) return [];
  return [`provider: asked for ${asked}, the model ran on ${show(providerRan)}`];
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

/** Without what is undefined, and without lists of nothing: a server that has none says as little as one asked for none. */
export function known(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
