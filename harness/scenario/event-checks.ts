import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import { checkPlaces, placeAsWritten } from './checks.ts';
import { located, type ScenarioDocument } from './document.ts';
import { eventFrom, type Misfit, misfitOfFields } from './event-fields.ts';
import type { EventFile } from './event-schema.ts';
import type { EventSpec } from './event-spec.ts';
import { matches } from './expand.ts';
import { gateLoads } from './gates-of-file.ts';
import { measuredMsOf } from './measured-length.ts';
import { recordingIn } from './recordings.ts';
import type { RecordingFiles } from './replay-file.ts';
import type { Axes } from './scenario.ts';
import { loadFrom } from './scenario-from-file.ts';
import type { ScenarioFile } from './schema.ts';

interface FileSetting {
  readonly axes: Axes;
  readonly file: ScenarioFile;
}

/**
 * The events of a scenario, in the order in which they happen, checked against every setting in which they do. On a
 * server as it is found nothing can be changed: there they are left out, and named.
 */
export function readEvents(
  document: ScenarioDocument,
  settings: readonly FileSetting[],
  recordings: RecordingFiles,
  labels: Readonly<Record<string, readonly string[]>>,
  asFound: boolean,
): { events: EventSpec[]; problems: Problem[]; leftOut: string[] } {
  const written = settings[0]?.file.events ?? [];
  if (asFound && settings[0]?.file.target.reference === undefined) {
    const leftOut = written.map(({ do: action }) => `event ${action}: the server is measured as it is`);
    return { events: [], problems: [], leftOut };
  }
  const raw = asMap(document.yaml.toJS())?.events;
  const places = written.map((_, index) => {
    const path = ['events', index, 'in'];
    const found: unknown = Array.isArray(raw) ? raw[index] : undefined;
    return { place: placeAsWritten(asMap(found)?.in, path, document), path };
  });
  const problems = written.flatMap((event, index) => {
    const within = settings.filter(({ axes }) => isAbout(places[index]?.place ?? {}, axes));
    return within.flatMap(({ file }) => problemsOf(event, index, file, recordings, document));
  });
  const known = { ...labels, load: gateLoads(settings, recordings) };
  const events = written.map((event, index) => ({ ...eventFrom(event), in: places[index]?.place ?? {} }));
  return {
    events: events.sort((a, b) => a.atMs - b.atMs),
    problems: [...problems, ...checkPlaces(places, known, document)],
    leftOut: [],
  };
}

/** Whether an event happens in a setting, at whichever of its loads. */
function isAbout({ load: _, ...place }: Axes, axes: Axes): boolean {
  return Object.keys(place).length === 0 || matches(place, axes);
}

function problemsOf(
  event: EventFile,
  index: number,
  file: ScenarioFile,
  recordings: RecordingFiles,
  document: ScenarioDocument,
): Problem[] {
  const misfits = [
    ...misfitOfFields(event),
    ...misfitOfTarget(event, file),
    ...lateness(event, file, recordings),
  ];
  return misfits.map(({ field, ...problem }) => {
    const path = ['events', index, ...(field === undefined ? [] : [field])];
    return { ...located(document, path), field: path.join('.'), ...problem };
  });
}

/** What the setting's server cannot have done to it. */
function misfitOfTarget(event: EventFile, { target }: ScenarioFile): Misfit[] {
  const reference: Readonly<Record<string, unknown>> | undefined = target.reference;
  if (reference === undefined) {
    const message = 'nothing can be changed on a server that is not started from here';
    return [{ message, advice: '--as-found leaves the events out' }];
  }
  const versions = ['1', ...Object.keys(asMap(reference.versions) ?? {})];
  const { kind = 'off', url } = asMap(reference.cache) ?? {};
  switch (event.do) {
    case 'model.load':
    case 'model.unload':
    case 'shadow.set':
      return unknownVersions('version', event.version === undefined ? [] : [String(event.version)], versions);
    case 'split.set':
      return unknownVersions('weights', Object.keys(event.weights ?? {}), versions);
    case 'cache.flush':
      if (kind !== 'off') return [];
      return [
        { message: 'there is no cache in this setting', advice: 'target.reference.cache: { kind: local }' },
      ];
    case 'redis.stop':
      if (kind === 'redis' && url === undefined) return [];
      return [
        {
          message: 'stops only a Redis that the run has started itself',
          advice: 'target.reference.cache: { kind: redis }, without a url',
        },
      ];
    case 'replica.kill':
    case 'replica.replace':
      return unknownReplica(event.replica ?? 1, Number(reference.replicas ?? 1));
  }
}

function unknownVersions(
  field: 'version' | 'weights',
  named: readonly string[],
  known: readonly string[],
): Misfit[] {
  return named
    .filter((version) => !known.includes(version))
    .map((version) => ({
      field,
      message: `the server has no version ${version}, it has ${known.join(', ')}`,
      advice: `target.reference.versions: { ${version}: recommender }`,
    }));
}

function unknownReplica(replica: number, replicas: number): Misfit[] {
  if (replicas > 1 && replica <= replicas) return [];
  const found = replicas > 1 ? `there are ${replicas} replicas` : 'there is one server in this setting';
  return [{ field: 'replica', message: found, advice: `target.reference.replicas: ${Math.max(2, replica)}` }];
}

/** An event must lie within what is measured of every case that it is in. */
function lateness(event: EventFile, file: ScenarioFile, recordings: RecordingFiles): Misfit[] {
  const { replay, find } = file.load;
  if (find !== undefined) {
    const message = 'a search measures for as long as it needs, so nothing can happen at a time';
    return [{ field: 'at', message, advice: 'name a rate: load.poisson.rate' }];
  }
  const isRead =
    replay === undefined || 'value' in recordings.find(replay.file, replay.timeScale, replay.every);
  // What is wrong with the recording is said elsewhere.
  if (!isRead) return [];
  const measuredMs = measuredMsOf(loadFrom(file, recordingIn(recordings)), {
    durationMs: file.measure.duration,
  });
  if (event.at < measuredMs) return [];
  const message = `found ${event.at / 1000} s; the case is measured for ${measuredMs / 1000} s`;
  return [{ field: 'at', message, advice: 'let it happen earlier, or raise measure.duration' }];
}
