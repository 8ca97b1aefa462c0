import type { Problem } from '../errors.ts';
import { collapseAxes, refusal } from './as-found.ts';
import { type Axis, asMap, readAxes } from './axes.ts';
import { checkPlaces, placeAsWritten } from './checks.ts';
import type { DatasetFiles } from './dataset-files.ts';
import { located, type ScenarioDocument } from './document.ts';
import { readEvents } from './event-checks.ts';
import type { EventSpec } from './event-spec.ts';
import { combinations, matches } from './expand.ts';
import { gateLoads, mentions, readGates } from './gates-of-file.ts';
import { word } from './quantities.ts';
import type { RecordingFiles } from './replay-file.ts';
import type { Axes, GateSpec } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';
import { checkSettings } from './settings-of-file.ts';

/** What a document says, checked in all its settings, and everything that is wrong with it. */
export interface Content {
  readonly axes: readonly Axis[];
  /** Those that passed; all of them when there are no problems. */
  readonly settings: readonly { readonly axes: Axes; readonly file: ScenarioFile }[];
  readonly files: DatasetFiles;
  readonly recordings: RecordingFiles;
  readonly skipped: readonly Axes[];
  readonly gates: readonly GateSpec[];
  readonly events: readonly EventSpec[];
  readonly asFound: boolean;
  readonly leftOut: readonly string[];
  readonly problems: readonly Problem[];
}

export function readContent(document: ScenarioDocument, asFound: boolean): Content {
  const raw = asMap(document.yaml.toJS()) ?? {};
  const varied = readAxes(document, raw);
  const fixed = fixAxes(document, raw, varied.axes, asFound);
  const all = combinations(fixed.axes);
  const gone = new Set(fixed.collapsed.map((axis) => axis.name));
  const rules = placesAt(document, raw.skip, ['skip']).filter(({ place }) => !mentions(place, gone));
  const remaining = all.filter(({ axes }) => !rules.some(({ place }) => matches(place, axes)));
  const checked = checkSettings(document, raw, remaining);
  const gates = readGates(document, checked.settings[0]?.file, gone, asFound && gone.size > 0);
  const labels = labelsOf(fixed.axes);
  const happening = readEvents(document, checked.settings, checked.recordings, labels, asFound);
  return {
    axes: fixed.axes,
    settings: checked.settings,
    files: checked.files,
    recordings: checked.recordings,
    skipped: all.filter((one) => !remaining.includes(one)).map(({ axes }) => axes),
    gates: gates.kept,
    events: happening.events,
    asFound: gone.size > 0,
    leftOut: [...gates.leftOut, ...happening.leftOut],
    problems: [
      ...varied.problems,
      ...fixed.problems,
      ...checked.problems,
      ...checkPlaces(rules, labels, document),
      ...happening.problems,
      ...(remaining.length === 0
        ? [{ ...located(document, ['skip']), field: 'skip', message: 'every setting is skipped' }]
        : []),
      ...checkPlaces(
        gates.places,
        { ...labels, load: gateLoads(checked.settings, checked.recordings) },
        document,
      ),
    ],
  };
}

export function labelsOf(axes: readonly Axis[]): Record<string, string[]> {
  return Object.fromEntries(axes.map((axis) => [axis.name, axis.points.map((point) => point.label)]));
}

/** Refuses or collapses the axes that an external target cannot apply. */
function fixAxes(
  document: ScenarioDocument,
  raw: Record<string, unknown>,
  axes: readonly Axis[],
  asFound: boolean,
) {
  const url = asMap(raw.target)?.url;
  if (url === undefined) return { axes, collapsed: [], problems: [] };
  const { kept, collapsed } = collapseAxes(axes);
  const problems = asFound
    ? []
    : collapsed.map((axis) => ({ ...located(document, ['vary', axis.name]), ...refusal(axis, word(url)) }));
  return { axes: kept, collapsed, problems };
}

function placesAt(document: ScenarioDocument, found: unknown, path: readonly PropertyKey[]) {
  return (Array.isArray(found) ? found : []).map((rule: unknown, index) => {
    const at = [...path, index];
    return { place: placeAsWritten(rule, at, document), path: at };
  });
}
