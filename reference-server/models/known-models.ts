import { ServingError } from '../errors.ts';
import type { RoutingSettings } from '../routing/routing-settings.ts';
import type { ModelLease } from './loaded-version.ts';
import type { ModelPlan } from './model-plan.ts';
import {
  chosenIn,
  countersIn,
  countRefused,
  type Entry,
  notLoaded,
  type VersionCounters,
} from './repository-entry.ts';
import type { ServedModel } from './served-model.ts';
import { compareVersions } from './version-policy.ts';

/** The models that a server knows by name, and what requests and documents ask of them. Nothing here changes any. */
export class KnownModels {
  protected readonly entries = new Map<string, Entry>();

  /**
   * The version that a request asks for: a number, a label, or undefined (also the empty string) for the default.
   * Where several versions share the requests that name none, one with a `key` goes where others with that key go.
   * Throws a ServingError: `not-found` for a name or version there is not, `unavailable` for one that is not loaded.
   */
  lease(name: string, version?: string, key?: string): ModelLease {
    const entry = this.entryOf(name);
    try {
      if (version !== undefined && version !== '') return chosenIn(entry, name, version).lease();
      return entry.router.lease(entry.router.choose(key) ?? chosenIn(entry, name, undefined));
    } catch (error) {
      countRefused(entry, version, error);
      throw error;
    }
  }

  /** The same without a lease, for what is read at once: documents, statistics. */
  find(name: string, version?: string): ServedModel {
    return chosenIn(this.entryOf(name), name, version).model;
  }

  /** Every version of a model that can be used, in ascending order. Throws as `lease` does where there is none. */
  versionsOf(name: string): readonly ServedModel[] {
    const entry = this.entryOf(name);
    if (entry.loaded.size === 0) throw notLoaded(name, entry);
    return [...entry.loaded.values()]
      .map((loaded) => loaded.model)
      .sort((a, b) => compareVersions(a.version, b.version));
  }

  /** The counters of every version of a model that can be used, or that was used before. Throws as `versionsOf` does. */
  countersOf(name: string): readonly VersionCounters[] {
    const entry = this.entryOf(name);
    const counters = countersIn(entry, name);
    if (counters.length === 0) throw notLoaded(name, entry);
    return counters;
  }

  /** Of every model. */
  allCounters(): readonly VersionCounters[] {
    return [...this.entries].flatMap(([name, entry]) => (entry.gone ? [] : countersIn(entry, name)));
  }

  /** Which version a request that names none gets. */
  routingOf(name: string): RoutingSettings {
    return this.entryOf(name).router.settings;
  }

  /** Every version of every model that can be used. */
  all(): readonly ServedModel[] {
    return [...this.entries]
      .filter(([, entry]) => entry.loaded.size > 0)
      .flatMap(([name]) => this.versionsOf(name));
  }

  /** The plan by which a model runs: labels, policy, what of its configuration is not honoured. */
  planOf(name: string): ModelPlan | undefined {
    return this.entries.get(name)?.plan;
  }

  /** Every version of every model that runs has an instance. */
  ready(): boolean {
    return this.all().every((model) => model.ready());
  }

  /** The names that have been loaded, or tried. */
  known(): readonly string[] {
    return [...this.entries].filter(([, entry]) => !entry.gone).map(([name]) => name);
  }

  protected entryOf(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry !== undefined && !entry.gone) return entry;
    const known = this.known().join(', ');
    throw new ServingError('not-found', `unknown model '${name}', this server has: ${known || 'none'}`);
  }
}
