import { ServingError } from '../errors.ts';
import type { ModelStatistics } from '../telemetry/statistics.ts';
import type { Clock } from '../telemetry/timings.ts';
import { LoadedVersion } from './loaded-version.ts';
import type { ModelPlan, VersionPlan } from './model-plan.ts';
import { type Entry, statisticsOf } from './repository-entry.ts';
import type { ServedModel } from './served-model.ts';

export interface KeeperDeps {
  /** Starts a version: resolves when it is warm and may be used, rejects with why it cannot be. */
  start(plan: VersionPlan, statistics: ModelStatistics): Promise<ServedModel>;
  readonly clock: Clock;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
  /** How long an unload waits for the requests that use the model, before it refuses those that still wait. */
  readonly drainMs: number;
}

/**
 * Makes the versions that run under a name those of its plan. Operations on one entry must follow one
 * another: the repository sees to that.
 *
 *   runs      1 (old files)                      1 (new files)
 *   plan      1 (new files), 2      follow ->    2
 *                                                1 (old files) ends with its last lease
 */
export class VersionKeeper {
  /** Nothing is started any more. */
  closing = false;
  readonly #deps: KeeperDeps;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /** Resolves with why not all of the plan runs, or undefined. */
  async follow(entry: Entry, plan: ModelPlan, retry: boolean): Promise<ServingError | undefined> {
    if (this.closing) return new ServingError('unavailable', 'the server is shutting down');
    entry.gone = false;
    entry.unloaded = false;
    entry.problem = plan.problem;
    if (plan.notHonoured.length > 0 && String(plan.notHonoured) !== String(entry.plan?.notHonoured)) {
      this.#deps.log('configuration fields that are not honoured', {
        model: plan.name,
        fields: plan.notHonoured,
      });
    }
    const starting = plan.versions.filter((version) => {
      if (runsAsPlanned(entry, version)) return false;
      // What an ensemble failed for may have been one of its models.
      if (version.ensemble !== undefined) return true;
      return retry || entry.failed.get(version.version)?.fingerprint !== version.fingerprint;
    });
    await Promise.all(starting.map((version) => this.#start(entry, version)));
    for (const version of entry.failed.keys()) {
      const wanted = plan.versions.find((planned) => planned.version === version);
      if (wanted === undefined || runsAsPlanned(entry, wanted)) entry.failed.delete(version);
    }
    const whole = entry.failed.size === 0 && (plan.problem === undefined || plan.versions.length > 0);
    if (whole || entry.plan === undefined) {
      // What callers have set stays until the configuration says something else.
      if (JSON.stringify(plan.routing) !== JSON.stringify(entry.plan?.routing)) {
        entry.router.set(plan.routing ?? {});
      }
      entry.plan = plan;
    }
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
    const started = await this.#startedOrWhyNot(entry, plan);
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

  async #startedOrWhyNot(entry: Entry, plan: VersionPlan): Promise<ServedModel | Error> {
    if (plan.problem !== undefined) return new Error(plan.problem);
    return this.#deps
      .start(plan, statisticsOf(entry, plan.version))
      .catch((error: unknown) => asError(error));
  }

  async #retireOthers(entry: Entry, plan: ModelPlan): Promise<void> {
    const gone = [...entry.loaded.keys()].filter(
      (version) => !plan.versions.some((wanted) => wanted.version === version),
    );
    await Promise.all(gone.map((version) => this.#retire(entry, version, this.#deps.drainMs)));
  }

  /** Ends every version of the entry; resolves when all are gone. */
  async unload(entry: Entry, drainMs = this.#deps.drainMs): Promise<void> {
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
}

function runsAsPlanned({ loaded }: Entry, { version, fingerprint }: VersionPlan): boolean {
  const found = loaded.get(version);
  return found?.plan.fingerprint === fingerprint && found.model.outdated?.() !== true;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
