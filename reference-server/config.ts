import { z } from 'zod';
import { StartupError } from './errors.ts';
import { type BatchingSettings, batching, type QueueSettings, queue } from './scheduling.ts';

const wholeFrom1 = z.int().min(1);

const provider = z.enum(['auto', 'cpu', 'webgpu', 'cuda']);
export type ProviderSetting = z.infer<typeof provider>;

/** What one model runs with. */
export interface ModelSettings {
  readonly instances: number;
  readonly threads: number;
  readonly provider: ProviderSetting;
  readonly batching: BatchingSettings;
  readonly queue: QueueSettings;
}

const model = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'may only hold letters, digits, "_", "-" and "."'),
  /** A bundled model's name, or the path of an .onnx file. */
  source: z.string().min(1),
});
export type ModelConfig = z.infer<typeof model>;

const serverConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port. */
  port: z.int().min(0).max(65_535).default(8000),
  /** Where to speak gRPC as well, 8001 as a rule; 0: any free port. Left out: not at all. */
  grpcPort: z.int().min(0).max(65_535).optional(),
  models: z
    .array(model)
    .min(1, 'must name at least one model')
    .refine((models) => new Set(models.map(({ name }) => name)).size === models.length, {
      message: 'must not use one name twice',
    }),
  /** Instances of each model. */
  instances: wholeFrom1.default(1),
  /** Threads within one operator, per instance. */
  threads: wholeFrom1.default(1),
  provider: provider.default('auto'),
  batching: batching.prefault({}),
  queue: queue.prefault({}),
  bodyLimitBytes: wholeFrom1.default(64 * 1024 * 1024),
  /** How long a shutdown waits for requests that are being served. */
  drainMs: z.int().min(0).default(30_000),
  /** One line of log for every request. */
  accessLog: z.boolean().default(false),
});
export type ServerConfig = z.infer<typeof serverConfig>;

/** The configuration with its defaults, or a StartupError that names every problem at once (exit 3). */
export function parseServerConfig(json: string): ServerConfig {
  const parsed = serverConfig.safeParse(parseJson(json));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const field = issue.path.join('.');
    return field === '' ? issue.message : `${field}: ${issue.message}`;
  });
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new StartupError(`the configuration has ${count}: ${problems.join('; ')}`, CONFIG_ADVICE, 3);
}

const CONFIG_ADVICE =
  'The least that works: {"models":[{"name":"recommender","source":"recommender"}]}; every other field has a default.';

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`the configuration is not JSON: ${reason}`, CONFIG_ADVICE, 3, { cause: error });
  }
}
