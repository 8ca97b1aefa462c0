import { dirname } from 'node:path';
import { type Problem, UsageError } from '../errors.ts';
import { AS_FOUND_AXIS, AS_FOUND_PENDING, collapseAxes, refusal } from './as-found.ts';
import { type Axis, asMap, readAxes } from './axes.ts';
import { findScenario, nameOf } from './catalogue.ts';
import { checkPlaces, checkTogether, type Origin, placeAsWritten, problemsOfIssues } from './checks.ts';
import { DatasetFiles } from './dataset-files.ts';
import { located, readDocument, type ScenarioDocument } from './document.ts';
import { withVariables } from './environment-variables.ts';
import { type Combination, combinations, matches, withValues } from './expand.ts';
import { contentHash, deepFreeze } from './hash.ts';
import { DEFAULT_SAMPLES_PER_QUERY, OPEN_SHAPES } from './load-checks.ts';
import { loadLabels, SATURATION } from './load-labels.ts';
import { applyOverrides, type Overrides } from './overrides.ts';
import { isProblem, type Reading, word } from './quantities.ts';
import { hashableLoad, recordingIn, recordingProblems } from './recordings.ts';
import { RecordingFiles } from './replay-file.ts';
import type { Axes, GateSpec, Scenario, Setting } from './scenario.ts';
import { decideFrom, limitsFrom, loadFrom, measureFrom, targetFrom } from './scenario-from-file.ts';
import { type ScenarioFile, scenarioFile } from './schema.ts';
import {
  datasetsNamed,
  hashable,
  withNamedModels,
  withOtherModels,
  workloadFrom,
} from './workload-from-file.ts';

export interface LoadOptions extends Overrides {
  /** Measure an external server as it is, instead of refusing axes that it cannot apply. */
  readonly asFound?: boolean;
}

/** A shipped scenario by name, or a file by path. Throws UsageError with all problems at once. */
export function loadScenario(nameOrPath: string, options: LoadOptions = {}): Scenario {
  const { text, file } = findScenario(nameOrPath);
  return scenarioFromText(text, file, options);
}

/** The same, from a text. `file` is for messages and for the name that the text does not give. */
export function scenarioFromText(text: string, file: string, options: LoadOptions = {}): Scenario {
  const document = readDocument(text, file);
  const problems = applyOverrides(document, options);
  const changed =
    problems.length > 0 || Object.values(options).some((value) => value !== undefined && value !== false);
  const read = readContent(document, options.asFound === true);
  problems.push(...read.problems);
  const [first] = read.settings;
  if (problems.length > 0 || first === undefined) throw new UsageError(inOrder(problems));
  return deepFreeze(assemble(document, read, first.file, changed ? String(document.yaml) : text));
}

interface Content {
  readonly axes: readonly Axis[];
  /** Those that passed; all of them when there are no problems. */
  readonly settings: readonly { readonly axes: Axes; readonly file: ScenarioFile }[];
  readonly files: DatasetFiles;
  readonly recordings: RecordingFiles;
  readonly skipped: readonly Axes[];
  readonly gates: readonly GateSpec[];
  readonly asFound: boolean;
  readonly leftOut: readonly string[];
  readonly problems: readonly Problem[];
}

function readContent(document: ScenarioDocument, asFound: boolean): Content {
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
  return {
    axes: fixed.axes,
    settings: checked.settings,
    files: checked.files,
    recordings: checked.recordings,
    skipped: all.filter((one) => !remaining.includes(one)).map(({ axes }) => axes),
    gates: gates.kept,
    asFound: gone.size > 0,
    leftOut: gates.leftOut,
    problems: [
      ...varied.problems,
      ...fixed.problems,
      ...checked.problems,
      ...checkPlaces(rules, labels, document),
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

function labelsOf(axes: readonly Axis[]): Record<string, string[]> {
  return Object.fromEntries(axes.map((axis) => [axis.name, axis.points.map((point) => point.label)]));
}

function mentions(place: Axes, names: ReadonlySet<string>): boolean {
  return Object.keys(place).some((axis) => names.has(axis));
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

function checkSettings(
  document: ScenarioDocument,
  raw: Record<string, unknown>,
  remaining: readonly Combination[],
) {
  const problems: Problem[] = [];
  const settings: { axes: Axes; file: ScenarioFile }[] = [];
  const files = new DatasetFiles(dirname(document.file));
  const recordings = new RecordingFiles(dirname(document.file));
  for (const { axes, sets } of remaining) {
    const content = withNamedModels(withImpliedLoad(withValues(raw, sets)));
    const origin: Origin = (path) =>
      sets.find((set) => set.path.every((key, depth) => key === String(path[depth])))?.from ?? path;
    const parsed = scenarioFile.safeParse(content);
    if (parsed.success) {
      settings.push({ axes, file: parsed.data });
      problems.push(...datasetProblems(parsed.data, files, document, origin));
      problems.push(...recordingProblems(parsed.data, recordings, document, origin));
    } else problems.push(...problemsOfIssues(parsed.error.issues, document, origin));
    problems.push(...checkTogether(content, document, origin));
  }
  return { settings, problems, files, recordings };
}

function datasetProblems(
  file: ScenarioFile,
  files: DatasetFiles,
  document: ScenarioDocument,
  origin: Origin,
): Problem[] {
  return datasetsNamed(file).flatMap(({ written, path }) => {
    const found = files.find(written);
    if (!isProblem(found)) return [];
    const { problem: message, ...advice } = found;
    return [{ ...located(document, origin(path)), field: path.join('.'), message, ...advice }];
  });
}

/** No load at all means the default ladder; a ladder needs the closed pass that resolves its rates. */
export function withImpliedLoad(content: Record<string, unknown>): Record<string, unknown> {
  const load = content.load === undefined ? {} : asMap(content.load);
  if (load === undefined) return content;
  const given = [...OPEN_SHAPES, 'closed'].filter((shape) => load[shape] !== undefined);
  const ladder = given.length === 0 ? { ladder: {} } : {};
  const closed =
    given.length === 0 || (given.includes('ladder') && !given.includes('closed')) ? { closed: {} } : {};
  const { scenario, samplesPerQuery = DEFAULT_SAMPLES_PER_QUERY } = asMap(load.mlperf) ?? {};
  const rows =
    scenario === 'multi-stream' ? { workload: { rows: samplesPerQuery, ...asMap(content.workload) } } : {};
  return { ...content, ...rows, load: { ...load, ...ladder, ...closed } };
}

function readGates(
  document: ScenarioDocument,
  file: ScenarioFile | undefined,
  gone: ReadonlySet<string>,
  asFound: boolean,
) {
  const raw = asMap(document.yaml.toJS());
  const written = asMap(raw?.decide)?.gates;
  const places = (Array.isArray(written) ? written : []).map((gate: unknown, index) => {
    const path = ['decide', 'gates', index, 'where'];
    return { place: placeAsWritten(asMap(gate)?.where, path, document), path };
  });
  const gates = (file?.decide.gates ?? []).map((gate, index) => ({
    ...gate,
    where: places[index]?.place ?? {},
  }));
  const lost = asFound ? gates.filter((gate) => mentions(gate.where, gone)) : [];
  return {
    kept: gates.filter((gate) => !lost.includes(gate)),
    places: places.filter(({ place }) => !mentions(place, gone)),
    leftOut: lost.map(
      (gate) =>
        `gate ${gate.expect.join(', ')} at ${Object.entries(gate.where)
          .map((pair) => pair.join('='))
          .join(',')}: the server runs its own setting, so this one cannot be selected`,
    ),
  };
}

/** Labels of the load axis over all settings (they differ where the load itself is varied). */
function gateLoads(settings: Content['settings'], recordings: RecordingFiles): string[] {
  const readable = settings.filter(({ file: { load } }) => {
    return load.replay === undefined || 'value' in recordings.find(load.replay.file, load.replay.timeScale);
  });
  const find = recordingIn(recordings);
  const labels = new Set(readable.flatMap(({ file }) => loadLabels(loadFrom(file, find))));
  return labels.size === 0 ? [SATURATION] : [...labels];
}

function assemble(document: ScenarioDocument, read: Content, file: ScenarioFile, text: string): Scenario {
  const found = read.asFound ? { [AS_FOUND_AXIS]: AS_FOUND_PENDING } : {};
  const settings = read.settings.map((setting): Setting => {
    const workload = workloadFrom(setting.file, (written) => known(read.files.find(written)));
    return {
      axes: { ...setting.axes, ...found },
      target: withOtherModels(targetFrom(setting.file), workload),
      workload,
      load: loadFrom(setting.file, recordingIn(read.recordings)),
    };
  });
  const [measure, limits] = [measureFrom(file), limitsFrom(file)];
  const { rawLog: _, ...measured } = measure;
  const decide = { ...decideFrom(file), gates: read.gates };
  // Labels of axes are names, not content; secrets are filled in only after hashing.
  const hash = contentHash({
    settings: settings.map(({ axes: _, ...content }) => ({
      ...content,
      workload: hashable(content.workload),
      load: hashableLoad(content.load),
    })),
    measure: measured,
    decide,
    limits,
  });
  const filled = fillVariables(document, settings, file.labels);
  return {
    name: file.name ?? nameOf(document.file),
    question: file.question,
    file: document.file,
    text,
    hash,
    settings: filled.settings,
    skipped: read.skipped,
    axes: { ...labelsOf(read.axes), ...(read.asFound ? { [AS_FOUND_AXIS]: [AS_FOUND_PENDING] } : {}) },
    measure,
    decide,
    limits,
    labels: filled.labels,
    ...(read.leftOut.length === 0 ? {} : { leftOut: read.leftOut }),
  };
}

/** What has been checked already. */
function known<T>(reading: Reading<T>): T {
  if (isProblem(reading)) throw new Error(reading.problem);
  return reading.value;
}

function fillVariables(
  document: ScenarioDocument,
  settings: readonly Setting[],
  written: Readonly<Record<string, string>>,
) {
  const problems: Problem[] = [];
  const fill = (texts: Readonly<Record<string, string>>, path: readonly string[]): Record<string, string> => {
    const reading = withVariables(texts, process.env);
    if (!isProblem(reading)) return reading.value;
    const { problem: message, ...advice } = reading;
    problems.push({ ...located(document, path), field: path.join('.'), message, ...advice });
    return {};
  };
  const filled = settings.map((setting): Setting => {
    if (setting.target.kind === 'reference') return setting;
    return {
      ...setting,
      target: { ...setting.target, headers: fill(setting.target.headers, ['target', 'headers']) },
    };
  });
  const labels = fill(written, ['labels']);
  if (problems.length > 0) throw new UsageError(inOrder(problems));
  return { settings: filled, labels };
}

/** By line, each once: twenty settings repeat the same mistake twenty times. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...once.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
