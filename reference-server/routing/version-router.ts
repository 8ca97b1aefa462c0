import type { LoadedVersion, ModelLease } from '../models/loaded-version.ts';
import type { RoutingSettings } from './routing-settings.ts';
import { Shadow } from './shadow.ts';
import { versionInTurn, versionOfKey, type Weight } from './split.ts';

/** Which version of one model gets a request that names none, and which other gets a copy. */
export class VersionRouter {
  readonly #model: string;
  readonly #find: (version: string) => LoadedVersion | undefined;
  #settings: RoutingSettings = {};
  #weights: readonly Weight[] | undefined;
  #shadow: Shadow | undefined;
  #inTurn = 0;

  /** `find`: the version of that number or label, if it runs now. */
  constructor(model: string, find: (version: string) => LoadedVersion | undefined) {
    this.#model = model;
    this.#find = find;
  }

  get settings(): RoutingSettings {
    return this.#settings;
  }

  /** From the next request on. */
  set(settings: RoutingSettings): void {
    const { split, shadow } = settings;
    this.#settings = settings;
    this.#weights = split && Object.entries(split).map(([version, weight]) => ({ version, weight }));
    // One that stays the same keeps its count of what is under way.
    if (JSON.stringify(shadow) === JSON.stringify(this.#shadow?.settings)) return;
    this.#shadow = shadow && new Shadow(shadow, this.#find);
  }

  /**
   * The version for a request: by its key always the same one, without a key by turns. Only versions that run take part,
   * those of one that does not go to the others. Undefined: there is no split, or none of its versions runs.
   */
  choose(key: string | undefined): LoadedVersion | undefined {
    if (this.#weights === undefined) return undefined;
    const running = this.#weights.filter(({ version }) => this.#find(version) !== undefined);
    const version =
      key === undefined ? versionInTurn(running, this.#inTurn++) : versionOfKey(running, key, this.#model);
    return version === undefined ? undefined : this.#find(version);
  }

  /** A lease of that version for a request that names none: with a shadow, one that copies it. */
  lease(loaded: LoadedVersion): ModelLease {
    const lease = loaded.lease();
    return this.#shadow?.behind(loaded) ?? lease;
  }
}
