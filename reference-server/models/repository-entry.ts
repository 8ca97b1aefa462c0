import { asServingError, ServingError } from '../errors.ts';
import { changed, type RoutingChange, type RoutingSettings } from '../routing/routing-settings.ts';
import { VersionRouter } from '../routing/version-router.ts';
import { ModelStatistics } from '../telemetry/statistics.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { ModelPlan } from './model-plan.ts';
import { compareVersions } from './version-policy.ts';

export type ModelState = 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';

/** One line of the repository index; the field names are those of the model repository extension. */
export interface ModelIndexEntry {
  readonly name: string;
  /** Missing where the model has no version that could be served. */
  readonly version?: string;
  readonly state: ModelState;
  /** Why it is not ready, or why its newest files are not what runs; empty where all is well. */
  readonly reason: string;
}

/** What is known of one name. */
export interface Entry {
  plan: ModelPlan | undefined;
  problem: string | undefined;
  unloaded: boolean;
  /** Its files are gone, or never were: the name is none. */
  gone: boolean;
  readonly loaded: Map<string, LoadedVersion>;
  readonly moving: Map<string, 'LOADING' | 'UNLOADING'>;
  /** By version; they outlive a reload and an unload, so that no request is lost from the counts. */
  readonly statistics: Map<string, ModelStatistics>;
  readonly router: VersionRouter;
  readonly failed: Map<string, { readonly fingerprint: string; readonly error: Error }>;
  /** The operation under way: two on the same model follow one another. */
  last: Promise<unknown>;
}

export function newEntry(name: string): Entry {
  const entry: Entry = {
    plan: undefined,
    problem: undefined,
    unloaded: false,
    gone: true,
    loaded: new Map(),
    moving: new Map(),
    statistics: new Map(),
    router: new VersionRouter(name, (version) => entry.loaded.get(labelled(entry, version))),
    failed: new Map(),
    last: Promise.resolve(),
  };
  return entry;
}

/** The version that is asked for. Throws as `ModelRepository.lease` does. */
export function chosenIn(entry: Entry, name: string, asked: string | undefined): LoadedVersion {
  const version = asked === undefined || asked === '' ? defaultOf(entry) : labelled(entry, asked);
  const loaded = version === undefined ? undefined : entry.loaded.get(version);
  if (loaded !== undefined) return loaded;
  if (entry.loaded.size === 0 || version === undefined) throw notLoaded(name, entry);
  const there = [...entry.loaded.keys()].sort(compareVersions);
  const found = there.length === 1 ? `is only version ${there[0]}` : `are versions ${there.join(', ')}`;
  throw new ServingError(
    'not-found',
    `unknown version '${asked ?? version}' of model '${name}', there ${found}`,
  );
}

/** The counters of a version, from its first start on. */
export function statisticsOf({ statistics }: Entry, version: string): ModelStatistics {
  const known = statistics.get(version) ?? new ModelStatistics();
  statistics.set(version, known);
  return known;
}

/** What the statistics of a version are told from, whether it runs or not. */
export interface VersionCounters {
  readonly signature: { readonly name: string };
  readonly version: string;
  readonly statistics: ModelStatistics;
}

/** The counters of every version that runs, or was asked before. */
export function countersIn(entry: Entry, name: string): readonly VersionCounters[] {
  return [...entry.statistics]
    .filter(([version, { arrivals, executionCount }]) => {
      return entry.loaded.has(version) || arrivals + executionCount > 0;
    })
    .map(([version, statistics]) => ({ signature: { name }, version, statistics }))
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** Changes which version requests that name none get. Throws where the change names one that does not run. */
export function route(entry: Entry, name: string, change: RoutingChange): RoutingSettings {
  const named = [...Object.keys(change.split ?? {}), ...(change.shadow ? [change.shadow.version] : [])];
  for (const version of named) chosenIn(entry, name, version);
  entry.router.set(changed(entry.router.settings, change));
  return entry.router.settings;
}

/** A request that got no version: the one that it asked for counts it, or the newest that has ever been asked. */
export function countRefused(entry: Entry, asked: string | undefined, thrown: unknown): void {
  const known = [...entry.statistics].sort(([a], [b]) => compareVersions(a, b));
  const [newest] = known.findLast(([, { arrivals }]) => arrivals > 0) ?? known.at(-1) ?? [];
  const version = asked === undefined || asked === '' ? newest : labelled(entry, asked);
  const statistics = version === undefined ? undefined : entry.statistics.get(version);
  statistics?.arrived();
  statistics?.failed(asServingError(thrown), 0);
}

export function notLoaded(name: string, entry: Entry): ServingError {
  const reason = entry.unloaded ? 'it was unloaded' : reasonOf(entry);
  return new ServingError('unavailable', `model '${name}' has no version that is ready: ${reason}`);
}

/** The version that a request without one gets; undefined where none runs. */
function defaultOf(entry: Entry): string | undefined {
  const chosen = entry.plan?.defaultVersion;
  if (chosen !== undefined) return labelled(entry, chosen);
  let newest: string | undefined;
  for (const version of entry.loaded.keys()) {
    if (newest === undefined || compareVersions(version, newest) > 0) newest = version;
  }
  return newest;
}

/** The version that a label stands for; anything else is a version already. */
function labelled(entry: Entry, asked: string): string {
  const labels = entry.plan?.labels ?? {};
  return Object.hasOwn(labels, asked) ? (labels[asked] ?? asked) : asked;
}

/** The models that the running versions of an ensemble are made of. */
export function partsOf({ loaded }: Entry): readonly string[] {
  const nodes = [...loaded.values()].flatMap(({ plan }) => plan.ensemble?.nodes ?? []);
  return [...new Set(nodes.flatMap((node) => ('model' in node ? [node.model] : [])))];
}

export function indexOf(name: string, entry: Entry | undefined): ModelIndexEntry[] {
  if (entry === undefined) return [{ name, state: 'UNAVAILABLE', reason: 'it was never loaded' }];
  const versions = new Set([
    ...entry.loaded.keys(),
    ...entry.moving.keys(),
    ...entry.failed.keys(),
    ...(entry.plan?.versions ?? []).map(({ version }) => version),
  ]);
  if (versions.size === 0) return [{ name, state: 'UNAVAILABLE', reason: reasonOf(entry) }];
  return [...versions].sort(compareVersions).map((version): ModelIndexEntry => {
    const reason = entry.failed.get(version)?.error.message ?? entry.problem ?? '';
    if (entry.loaded.has(version)) return { name, version, state: 'READY', reason };
    const moving = entry.moving.get(version);
    if (moving !== undefined) return { name, version, state: moving, reason: '' };
    return { name, version, state: 'UNAVAILABLE', reason: reason || reasonOf(entry) };
  });
}

/** Why no version is ready. */
function reasonOf(entry: Entry): string {
  if (entry.problem !== undefined) return entry.problem;
  const [failed] = entry.failed.values();
  if (failed !== undefined) return failed.error.message;
  if (entry.unloaded) return 'unloaded';
  return entry.moving.size > 0 ? 'it is being loaded' : 'it has no version to serve';
}
