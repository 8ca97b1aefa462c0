import { asServingError, ServingError } from '../errors.ts';
import type { RoutingChange, RoutingSettings } from '../routing/routing-settings.ts';
import { KnownModels } from './known-models.ts';
import type { ConfigOverride, ModelCatalogue } from './model-plan.ts';
import { type Entry, indexOf, type ModelIndexEntry, newEntry, partsOf, route } from './repository-entry.ts';
import type { ServedModel } from './served-model.ts';
import { type KeeperDeps, VersionKeeper } from './version-keeper.ts';
import { WaitingEnsembles } from './waiting-ensembles.ts';

export interface RepositoryDeps extends KeeperDeps {
  readonly catalogue: ModelCatalogue;
  /** Whether callers may load and unload. */
  readonly mode: 'none' | 'explicit' | 'poll';
}

/**
 * The models that this server serves: by name, version or label. Loads, replaces and unloads them while requests
 * run. A replacement is started beside what runs and takes its place when it is ready; what it replaces ends when
 * the last request that uses it has been answered. A model that cannot be loaded is reported in the index; what
 * ran before it goes on running.
 */
export class ModelRepository extends KnownModels {
  readonly #deps: RepositoryDeps;
  readonly #keeper: VersionKeeper;
  readonly #waiting = new WaitingEnsembles();

  constructor(deps: RepositoryDeps) {
    super();
    this.#deps = deps;
    this.#keeper = new VersionKeeper(deps);
  }

  /** Loads these models, all at once. Never rejects: what could not be loaded is in the index, and in the answer. */
  async open(names: readonly string[]): Promise<ReadonlyMap<string, ServingError>> {
    const failures = new Map<string, ServingError>();
    await Promise.all(
      names.map(async (name) => {
        const failure = await this.reconcile(name).catch(asServingError);
        if (failure !== undefined) failures.set(name, failure);
      }),
    );
    return failures;
  }

  /**
   * Changes which version requests that name none get, from the next one on, until the model's configuration says
   * something else. Rejects as `load` does, and where it names a version that does not run.
   */
  async setRouting(name: string, change: RoutingChange): Promise<RoutingSettings> {
    this.#refuseUnlessExplicit();
    const entry = this.entryOf(name);
    return this.#inTurn(entry, async () => route(entry, name, change));
  }

  /** Forgets the answers that are kept of every version. Rejects as `load` does, and where a store cannot do it. */
  async flushCache(name: string): Promise<void> {
    this.#refuseUnlessExplicit();
    await Promise.all(this.versionsOf(name).map((model) => model.flushCache()));
  }

  /** The repository index: all models there are, loaded or not; `onlyReady` leaves out the others. */
  async index(onlyReady = false): Promise<readonly ModelIndexEntry[]> {
    const names = new Set([...(await this.#deps.catalogue.names()), ...this.known()]);
    const entries = [...names].sort().flatMap((name) => {
      const entry = this.entries.get(name);
      return indexOf(name, entry?.gone === false ? entry : undefined);
    });
    return onlyReady ? entries.filter(({ state }) => state === 'READY') : entries;
  }

  /**
   * Loads a model, or loads it again where its files or its configuration have changed. Resolves when every chosen
   * version is ready. Rejects with a ServingError: `forbidden` unless models are controlled explicitly, `not-found`
   * for a name that there is not, `invalid` with the reason for a broken model (what ran before goes on).
   */
  async load(name: string, override?: ConfigOverride): Promise<void> {
    this.#refuseUnlessExplicit();
    const failure = await this.reconcile(name, { override, retry: true });
    if (failure !== undefined) throw failure;
  }

  /**
   * Unloads every version of a model: no new request gets it from now on; resolves when those under way have been
   * answered and it is gone. Rejects as `load` does. `withParts`: so are an ensemble's models that no other one needs.
   */
  async unload(name: string, withParts = false): Promise<void> {
    this.#refuseUnlessExplicit();
    const entry = this.entryOf(name);
    const parts = withParts ? partsOf(entry) : [];
    await this.#inTurn(entry, () => this.#keeper.unload(entry));
    const others = [...this.entries.values()].filter(({ loaded }) => loaded.size > 0).flatMap(partsOf);
    const free = parts.filter((part) => !others.includes(part));
    await Promise.all(free.map((part) => this.unload(part, true)));
  }

  /**
   * A model that the ensemble `by` is made of, loaded first where it is not. Rejects with a ServingError where it
   * cannot be loaded, or needs `by` itself.
   */
  require(name: string, version: string | undefined, by: string): Promise<ServedModel> {
    return this.#waiting.during(by, name, async () => {
      await this.entries.get(name)?.last;
      const loaded = (this.entries.get(name)?.loaded.size ?? 0) > 0;
      const failure = loaded ? undefined : await this.reconcile(name);
      if (failure !== undefined) throw failure;
      return this.find(name, version);
    });
  }

  /** Unloads a model whose files are gone. */
  async forget(name: string): Promise<void> {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    await this.#inTurn(entry, async () => {
      entry.gone = true;
      entry.plan = undefined;
      await this.#keeper.unload(entry);
    });
  }

  /**
   * Makes what runs what should run. Resolves with the first problem, or undefined. A version that failed is not
   * tried again until its files change, unless `retry` is set.
   */
  async reconcile(
    name: string,
    options: { readonly override?: ConfigOverride | undefined; readonly retry?: boolean } = {},
  ): Promise<ServingError | undefined> {
    const entry = this.entries.get(name) ?? newEntry(name);
    this.entries.set(name, entry);
    // Read in its turn: what an earlier operation finds must not be older than what a later one acts on.
    return this.#inTurn(entry, async () => {
      const plan = await this.#deps.catalogue.plan(name, options.override);
      if (plan !== undefined) return this.#keeper.follow(entry, plan, options.retry === true);
      throw await this.#unknown(name);
    });
  }

  /** Ends every model; requests that still wait are refused. */
  async close(): Promise<void> {
    this.#keeper.closing = true;
    const entries = [...this.entries.values()];
    await Promise.all(entries.map((entry) => this.#inTurn(entry, () => this.#keeper.unload(entry, 0))));
  }

  #inTurn<Result>(entry: Entry, act: () => Promise<Result>): Promise<Result> {
    const turn = entry.last.then(act);
    entry.last = turn.catch(() => {});
    return turn;
  }

  async #unknown(name: string): Promise<ServingError> {
    const known = (await this.#deps.catalogue.names()).join(', ') || 'none';
    return new ServingError('not-found', `unknown model '${name}', the repository has: ${known}`);
  }

  #refuseUnlessExplicit(): void {
    if (this.#deps.mode === 'explicit') return;
    throw new ServingError(
      'forbidden',
      'loading and unloading by request is off: start the server with repository.mode: explicit',
    );
  }
}
