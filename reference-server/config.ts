import { z } from 'zod';
import { type ConfigDocument, type ConfigProblem, located, problemsOf, readYaml } from './config-document.ts';
import { StartupError } from './errors.ts';
import { EXECUTION_FIELDS, ownSettings, settings, settingsOf } from './model-settings.ts';
import { versionFields } from './models/model-file.ts';
import { auth, limits, tls } from './operations/operation-settings.ts';
import { ensemble, pipeline } from './pipeline/declared-graph.ts';

const wholeFrom1 = z.int().min(1);

const modelName = z.string().regex(/^[\w.-]+$/, 'may only hold letters, digits, "_", "-" and "."');

const model = ownSettings
  .extend({
    name: modelName,
    /** A bundled model's name, or the path of an .onnx file: version 1. */
    source: z.string().min(1).optional(),
    /** Further versions by number, from the same kinds of source. */
    otherVersions: z
      .record(
        z.string().regex(/^([2-9]|[1-9]\d+)$/, 'must be the number of a version from 2: 1 is source'),
        z.string().min(1),
      )
      .optional(),
    /** Which of them run, as in a model's own configuration; left out: all. */
    ...versionFields,
    /** Steps before and after the model. */
    pipeline: pipeline.optional(),
    /** In place of a source: models of this server and steps, which are this model. */
    ensemble: ensemble.optional(),
  })
  .refine(hasSource, { path: ['source'], message: 'must be given, or ensemble', when: () => true })
  .superRefine(({ source, ensemble: parts, pipeline: steps, ...own }, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (parts === undefined) return;
    if (source !== undefined) problem('source', 'does not go with ensemble');
    if (own.otherVersions !== undefined)
      problem('otherVersions', 'does not go with ensemble: it is one version');
    if (steps !== undefined) problem('pipeline', 'does not go with ensemble: its nodes are steps as well');
    for (const field of EXECUTION_FIELDS.filter((name) => own[name] !== undefined)) {
      problem(field, 'an ensemble runs nothing itself: say it for its models');
    }
  });
export type ModelConfig = z.infer<typeof model>;

/** Said even where other fields are wrong, whose values are then what the caller wrote. */
function hasSource(value: { source?: unknown; ensemble?: unknown }): boolean {
  return value?.source !== undefined || value?.ensemble !== undefined;
}

const repository = z.strictObject({
  /** A folder with one folder for each model: `<model>/<version>/model.onnx`, and `config.yaml` or `config.pbtxt`. */
  path: z.string().min(1).optional(),
  /**
   * `none`: everything there is is loaded at the start. `explicit`: what `load` names; callers may load and unload.
   * `poll`: everything, and the folder is looked at again and again for what has changed.
   */
  mode: z.enum(['none', 'explicit', 'poll']).default('none'),
  /** The models of the folder that are loaded at the start in the mode `explicit`; "*" stands for all. */
  load: z.array(z.string().min(1)).default([]),
  /** Time between two looks at the folder in the mode `poll`. */
  pollMs: z.int().min(10).default(15_000),
});

/** Documented for its users in server.yaml, beside this file. */
export const serverConfig = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1'),
    /** 0: any free port. */
    port: z.int().min(0).max(65_535).default(8000),
    /** Where to speak gRPC as well, 8001 as a rule; 0: any free port. Left out: not at all. */
    grpcPort: z.int().min(0).max(65_535).optional(),
    /** How often a gRPC connection is asked whether its other end lives; without an answer by the next time it is closed. */
    grpcPingMs: z.int().min(50).default(15_000),
    models: z
      .array(model)
      .refine((models) => new Set(models.map(({ name }) => name)).size === models.length, {
        message: 'must not use one name twice',
      })
      .default([]),
    repository: repository.prefault({}),
    ...settings.shape,
    tls: tls.optional(),
    auth: auth.prefault({}),
    limits: limits.prefault({}),
    bodyLimitBytes: wholeFrom1.default(64 * 1024 * 1024),
    /** How long a shutdown, or an unload, waits for requests that are being served. */
    drainMs: z.int().min(0).default(30_000),
    /** One line of log for every request. */
    accessLog: z.boolean().default(false),
  })
  .refine(hasModels, {
    path: ['models'],
    message: 'must name at least one model, unless repository.path names a folder of them',
    when: () => true,
  });
export type ServerConfig = z.infer<typeof serverConfig>;

/** Said even where other fields are wrong, whose values are then what the caller wrote. */
function hasModels(value: { models?: unknown; repository?: unknown }): boolean {
  if (Array.isArray(value?.models) && value.models.length > 0) return true;
  const { repository: folder } = value ?? {};
  return typeof folder === 'object' && folder !== null && 'path' in folder && folder.path !== undefined;
}

/**
 * The configuration with its defaults, or a StartupError that names every problem at once (exit 3). From a `file` the
 * text is YAML, and each problem has its line; without one it is JSON.
 */
export function parseServerConfig(text: string, file?: string): ServerConfig {
  const document = file === undefined ? parseJson(text) : readYaml(text);
  if (!('raw' in document)) throw badConfig(document, file);
  const parsed = serverConfig.safeParse(document.raw);
  if (!parsed.success) throw badConfig(problemsOf(parsed.error, serverConfig, document), file);
  const problems = parsed.data.models.flatMap((own, index) => {
    const merged = settingsOf(parsed.data, own);
    return 'problems' in merged ? prefixed(merged.problems, ['models', index], document) : [];
  });
  if (problems.length > 0) throw badConfig(problems, file);
  return parsed.data;
}

function prefixed(
  error: z.core.$ZodError,
  path: readonly PropertyKey[],
  document: ConfigDocument,
): readonly ConfigProblem[] {
  const issues = error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  return problemsOf({ ...error, issues } as z.core.$ZodError, serverConfig, document);
}

function badConfig(problems: readonly ConfigProblem[], file: string | undefined): StartupError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const texts = problems.map((problem) => located(problem, file));
  const list = file === undefined ? texts.join('; ') : texts.map((text) => `\n  ${text}`).join('');
  return new StartupError(`the configuration has ${count}: ${list}`, CONFIG_ADVICE, 3);
}

const CONFIG_ADVICE =
  'The least that works: {"models":[{"name":"recommender","source":"recommender"}]}; every other field has a default.';

function parseJson(json: string): ConfigDocument {
  try {
    return { raw: JSON.parse(json), lineOf: () => undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`the configuration is not JSON: ${reason}`, CONFIG_ADVICE, 3, { cause: error });
  }
}
