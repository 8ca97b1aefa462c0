import type { ServerConfig } from '../config.ts';
import { StartupError } from '../errors.ts';
import { folderModels } from './folder-models.ts';
import { listedModels } from './listed-models.ts';
import type { ModelCatalogue } from './model-plan.ts';
import { ModelRepository } from './repository.ts';
import { watchCatalogue } from './repository-watch.ts';
import { serveEnsemble } from './serve-ensemble.ts';
import { type ServedModelDeps, serveModel } from './served-model.ts';

/** The repository as the configuration has it, and what ends it. */
export interface OpenRepository {
  readonly models: ModelRepository;
  close(): Promise<void>;
}

/**
 * Loads what is to be loaded at the start. A model that the configuration lists must start, or the promise rejects
 * with why it did not; a folder's broken model is reported and leaves the others alone.
 */
export async function openRepository(config: ServerConfig, deps: ServedModelDeps): Promise<OpenRepository> {
  const { path, mode, pollMs } = config.repository;
  const listed = listedModels(config);
  const catalogue = path === undefined ? listed : joined(listed, folderModels(path, config));
  const models: ModelRepository = new ModelRepository({
    catalogue,
    start: ({ ensemble, ...plan }, statistics) =>
      ensemble === undefined
        ? serveModel(plan, statistics, deps)
        : serveEnsemble({ ...plan, ensemble }, statistics, { clock: deps.clock, models }),
    clock: deps.clock,
    log: deps.log,
    drainMs: config.drainMs,
    mode,
  });
  const required = config.models.map(({ name }) => name);
  const failures = await models.open([
    ...new Set([...required, ...(await chosenAtStart(config, catalogue))]),
  ]);
  const fatal = required.map((name) => failures.get(name)).find((failure) => failure !== undefined);
  if (fatal !== undefined) {
    await models.close();
    throw fatal.cause ?? fatal;
  }
  const stopWatching =
    mode === 'poll'
      ? watchCatalogue({ catalogue, repository: models, clock: deps.clock, pollMs, log: deps.log })
      : () => {};
  return {
    models,
    close() {
      stopWatching();
      return models.close();
    },
  };
}

async function chosenAtStart(config: ServerConfig, catalogue: ModelCatalogue): Promise<readonly string[]> {
  const { path, mode, load } = config.repository;
  const names = await catalogue.names().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(
      `the model repository cannot be read: ${reason}`,
      'repository.path must be a folder with one folder for each model.',
      3,
      { cause: error },
    );
  });
  if (mode !== 'explicit') return names;
  const wanted = load.includes('*') ? names : load;
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length === 0) return wanted;
  throw new StartupError(
    `repository.load: there is no model ${unknown.join(', ')} in ${path ?? 'the configuration'}`,
    `There is: ${names.join(', ') || 'none'}.`,
    3,
  );
}

/** A name that is in both is the first one's. */
function joined(first: ModelCatalogue, second: ModelCatalogue): ModelCatalogue {
  return {
    names: async () => [...new Set([...(await first.names()), ...(await second.names())])],
    plan: async (name, override) =>
      (await first.names()).includes(name) ? first.plan(name, override) : second.plan(name, override),
  };
}
