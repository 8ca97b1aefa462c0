import { asServingError, ServingError } from '../errors.ts';
import { ModelStatistics } from '../telemetry/statistics.ts';
import type { Clock } from '../telemetry/timings.ts';
import { LoadedVersion, type ModelLease } from './loaded-version.ts';
import type { ConfigOverride, ModelCatalogue, ModelPlan, VersionPlan } from './model-plan.ts';
import {
  defaultOf,
  type Entry,
  indexOf,
  labelled,
  type ModelIndexEntry,
  newEntry,
  reasonOf,
} from './repository-entry.ts';
import type { ServedModel } from './served-model.ts';
import { compareVersions } from './version-policy.ts';

export interface RepositoryDeps {
  readonly catalogue: ModelCatalogue;
  /** Starts a version: resolves when it is warm and may be used, rejects with why it cannot be. */
  start(plan: VersionPlan, statistics: ModelStatistics): Promise<ServedModel>;
  readonly clock: Clock;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
  /** How long an unload waits for the requests that use the model, before it refuses those that still wait. */
  readonly drainMs: number;
  /** Whether callers may load and unload. */
  readonly mode: 'none' | 'explicit' | 'poll';
}

/**
 * The models that this server serves: by name, version or label. Loads, replaces and unloads them while requests
 * run. A replacement is started beside what runs and takes its place when it is ready; what it replaces ends when
 * the last request that uses it has been answered. A model that cannot be loaded is reported in the index; what
 * ran before it goes on running.
 */
export class ModelRepository {
  readonly #deps: RepositoryDeps;
  readonly #entries = new Map<string, Entry>();
  /** Outlive a reload, so that no request is lost from the counts. */
  readonly #statistics = new Map<string, ModelStatistics>();
  #closing = false;

  constructor(deps: RepositoryDeps) {
    this.#deps = deps;
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
   * The version that a request asks for: a number, a label, or undefined (also the empty string) for the default.
   * Throws a ServingError: `not-found` for a name or version there is not, `unavailable` for one that is not loaded.
   */
  lease(name: string, version?: string): ModelLease {
    return this.#loaded(name, version).lease();
  }

  /** The same without a lease, for what is read at once: documents, statistics. */
  find(name: string, version?: string): ServedModel {
    return this.#loaded(name, version).model;
  }

  /** Every version of a model that can be used, in ascending order. Throws as `lease` does where there is none. */
  versionsOf(name: string): readonly ServedModel[] {
    const entry = this.#entryOf(name);
    if (entry.loaded.size === 0) throw this.#notLoaded(name, entry);
    return [...entry.loaded.values()]
      .map((loaded) => loaded.model)
      .sort((a, b) => compareVersions(a.version, b.version));
  }

  /** Every version of every model that can be used. */
  all(): readonly ServedModel[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.loaded.size > 0)
      .flatMap(([name]) => this.versionsOf(name));
  }

  /** The plan by which a model runs: labels, policy, what of its configuration is not honoured. */
  planOf(name: string): ModelPlan | undefined {
    return this.#entries.get(name)?.plan;
  }

  /** Every version of every model that runs has an instance. */
  ready(): boolean {
    return this.all().every((model) => model.ready());
  }

  /** The repository index: all models there are, loaded or not; `onlyReady` leaves out the others. */
  async index(onlyReady = false): Promise<readonly ModelIndexEntry[]> {
    const names = new Set([...(await this.#deps.catalogue.names()), ...this.#entries.keys()]);
    const entries = [...names].sort().flatMap((name) => indexOf(name, this.#entries.get(name)));
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
   * answered and it is gone. Rejects as `load` does.
   */
  async unload(name: string): Promise<void> {
    this.#refuseUnlessExplicit();
    const entry = this.#entryOf(name);
    await this.#inTurn(entry, () => this.#unloadNow(entry));
  }

  /** The names that have been loaded, or tried. */
  known(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Unloads a model whose files are gone. */
  async forget(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    await this.#inTurn(entry, () => this.#unloadNow(entry));
    this.#entries.delete(name);
  }

  /**
   * Makes what runs what should run. Resolves with the first problem, or undefined. A version that failed is not
   * tried again until its files change, unless `retry` is set.
   */
  async reconcile(
    name: string,
    options: { readonly override?: ConfigOverride | undefined; readonly retry?: boolean } = {},
  ): Promise<ServingError | undefined> {
    const entry = this.#entries.get(name) ?? newEntry();
    this.#entries.set(name, entry);
    // Read in its turn: what an earlier operation finds must not be older than what a later one acts on.
    return this.#inTurn(entry, async () => {
      const plan = await this.#deps.catalogue.plan(name, options.override);
      if (plan !== undefined) return this.#follow(entry, plan, options.retry === true);
      if (entry.plan === undefined) this.#entries.delete(name);
      throw await this.#unknown(name);
    });
  }

  /** Ends every model; requests that still wait are refused. */
  async close(): Promise<void> {
    this.#closing = true;
    const entries = [...this.#entries.values()];
    await Promise.all(entries.map((entry) => this.#inTurn(entry, () => this.#unloadNow(entry, 0))));
  }

  async #follow(entry: Entry, plan: ModelPlan, retry: boolean): Promise<ServingError | undefined> {
    if (this.#closing) return new ServingError('unavailable', 'the server is shutting down');
    entry.unloaded = false;
    entry.problem = plan.problem;
    if (plan.notHonoured.length > 0 && String(plan.notHonoured) !== String(entry.plan?.notHonoured)) {
      this.#deps.log('configuration fields that are not honoured', {
        model: plan.name,
        fields: plan.notHonoured,
      });
    }
    const starting = plan.versions.filter((version) => {
      if (entry.loaded.get(version.version)?.plan.fingerprint === version.fingerprint) return false;
      return retry || entry.failed.get(version.version)?.fingerprint !== version.fingerprint;
    });
    await Promise.all(starting.map((version) => this.#start(entry, version)));
    for (const version of entry.failed.keys()) {
      if (!plan.versions.some((wanted) => wanted.version === version)) entry.failed.delete(version);
    }
    const whole = entry.failed.size === 0 && (plan.problem === undefined || plan.versions.length > 0);
    if (whole || entry.plan === undefined) entry.plan = plan;
    if (whole) await this.#retireOthers(entry, plan);
    const [failed] = entry.failed.values();
    const reason = plan.problem ?? failed?.error.message;
    if (reason === undefined) return undefined;
    this.#deps.log('a model could not be loaded', { model: plan.name, reason });
    return new ServingError('invalid', `failed to load '${plan.name}': ${reason}`, { cause: failed?.error });
  }

  async #start(entry: Entry, plan: VersionPlan): Promise<void> {
    const { name, version } = plan;
    if (!entry.loaded.has(version)) entry.moving.set(version, 'LOADING');
    const started = await this.#startedOrWhyNot(plan);
    entry.moving.delete(version);
    if (started instanceof Error) {
      entry.failed.set(version, { fingerprint: plan.fingerprint, error: started });
      return;
    }
    entry.failed.delete(version);
    const replaced = entry.loaded.get(version);
    entry.loaded.set(version, new LoadedVersion(plan, started));
    this.#deps.log('a model was loaded', { model: name, version });
    await replaced?.retire(this.#deps.clock, this.#deps.drainMs);
  }

  async #startedOrWhyNot(plan: VersionPlan): Promise<ServedModel | Error> {
    if (plan.problem !== undefined) return new Error(plan.problem);
    return this.#deps
      .start(plan, this.#statisticsOf(plan.name, plan.version))
      .catch((error: unknown) => asError(error));
  }

  async #retireOthers(entry: Entry, plan: ModelPlan): Promise<void> {
    const gone = [...entry.loaded.keys()].filter(
      (version) => !plan.versions.some((wanted) => wanted.version === version),
    );
    await Promise.all(gone.map((version) => this.#retire(entry, version, this.#deps.drainMs)));
  }

  async #unloadNow(entry: Entry, drainMs = this.#deps.drainMs): Promise<void> {
    entry.unloaded = true;
    entry.failed.clear();
    entry.problem = undefined;
    await Promise.all([...entry.loaded.keys()].map((version) => this.#retire(entry, version, drainMs)));
  }

  async #retire(entry: Entry, version: string, drainMs: number): Promise<void> {
    const loaded = entry.loaded.get(version);
    if (loaded === undefined) return;
    entry.loaded.delete(version);
    entry.moving.set(version, 'UNLOADING');
    await loaded.retire(this.#deps.clock, drainMs);
    entry.moving.delete(version);
    this.#deps.log('a model was unloaded', { model: loaded.plan.name, version });
  }

  #inTurn<Result>(entry: Entry, act: () => Promise<Result>): Promise<Result> {
    const turn = entry.last.then(act);
    entry.last = turn.catch(() => {});
    return turn;
  }

  #loaded(name: string, asked: string | undefined): LoadedVersion {
    const entry = this.#entryOf(name);
    const version = asked === undefined || asked === '' ? defaultOf(entry) : labelled(entry, asked);
    const loaded = version === undefined ? undefined : entry.loaded.get(version);
    if (loaded !== undefined) return loaded;
    if (entry.loaded.size === 0 || version === undefined) throw this.#notLoaded(name, entry);
    const there = [...entry.loaded.keys()].sort(compareVersions);
    const found = there.length === 1 ? `is only version ${there[0]}` : `are versions ${there.join(', ')}`;
    throw new ServingError(
      'not-found',
      `unknown version '${asked ?? version}' of model '${name}', there ${found}`,
    );
  }

  #entryOf(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const known = [...this.#entries.keys()].join(', ');
    throw new ServingError('not-found', `unknown model '${name}', this server has: ${known || 'none'}`);
  }

  #notLoaded(name: string, entry: Entry): ServingError {
    const reason = entry.unloaded ? 'it was unloaded' : reasonOf(entry);
    return new ServingError('unavailable', `model '${name}' has no version that is ready: ${reason}`);
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

  #statisticsOf(name: string, version: string): ModelStatistics {
    const key = `${name}/${version}`;
    const statistics = this.#statistics.get(key) ?? new ModelStatistics();
    this.#statistics.set(key, statistics);
    return statistics;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
