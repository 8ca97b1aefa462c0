import { parse } from 'yaml';
import { nearestName, type Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { ScenarioDocument } from './document.ts';
import { unknownPath } from './json-schema.ts';
import { shorten } from './quick.ts';

/** What the command line may change in a scenario. */
export interface Overrides {
  /** `path=value`, the path dotted as in `vary`, or one of the short names. The value is read as YAML. */
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly trials?: number;
  /** A third of the time, one trial. */
  readonly quick?: boolean;
  /** Keep every request. */
  readonly raw?: boolean;
  /** Drive this server instead of the scenario's target. */
  readonly url?: string;
  readonly protocol?: string;
  readonly model?: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  seed: 'measure.seed',
  trials: 'measure.trials',
  duration: 'measure.duration',
  warmup: 'measure.warmup',
  rows: 'workload.rows',
  encoding: 'workload.encoding',
  instances: 'target.reference.instances',
  threads: 'target.reference.threads',
  replicas: 'target.reference.replicas',
  provider: 'target.reference.provider',
};

/** Writes the overrides into the document, so that what is then read (and recorded) is what runs. */
export function applyOverrides(document: ScenarioDocument, overrides: Overrides): Problem[] {
  const problems: Problem[] = [];
  const set = (path: readonly string[], value: unknown): void => {
    // Not `setIn` with the bare value: yaml would keep the old node and with it the old line.
    try {
      document.yaml.setIn(path, document.yaml.createNode(value));
    } catch {
      const message = `what stands above ${path.join('.')} in ${document.file} is not a map`;
      problems.push({ file: 'command line', field: path.join('.'), message });
    }
  };
  replaceTarget(document, overrides, set, problems);
  if (overrides.seed !== undefined) set(['measure', 'seed'], overrides.seed);
  if (overrides.trials !== undefined) set(['measure', 'trials'], overrides.trials);
  if (overrides.raw === true) set(['measure', 'rawLog'], true);
  for (const assignment of overrides.set ?? []) {
    const read = readAssignment(document, assignment);
    if ('message' in read) problems.push({ file: 'command line', field: '--set', ...read });
    else set(read.path, read.value);
  }
  if (overrides.quick === true) shorten(document, (path) => isSet(document, overrides, path), set);
  return problems;
}

type Set = (path: readonly string[], value: unknown) => void;

function targetOf(document: ScenarioDocument): Record<string, unknown> {
  return asMap(asMap(document.yaml.toJS())?.target) ?? {};
}

function replaceTarget(
  document: ScenarioDocument,
  { url, protocol, model }: Overrides,
  set: Set,
  problems: Problem[],
) {
  const target = targetOf(document);
  if (url === undefined) {
    if (model !== undefined) set(modelPath(document), model);
    if (protocol === undefined) return;
    if (asMap(target.reference) === undefined) set(['target', 'protocol'], protocol);
    else {
      problems.push({
        file: 'command line',
        field: '--protocol',
        message: 'says what your own server speaks',
        advice: 'add --url http://host:port',
      });
    }
    return;
  }
  set(['target'], {
    url,
    ...(protocol === undefined ? {} : { protocol }),
    model: model ?? target.model ?? asMap(target.reference)?.model,
  });
}

function modelPath(document: ScenarioDocument): string[] {
  return asMap(targetOf(document).reference) === undefined
    ? ['target', 'model']
    : ['target', 'reference', 'model'];
}

type Assignment = { path: string[]; value: unknown } | { message: string; advice?: string };

function readAssignment(document: ScenarioDocument, text: string): Assignment {
  const equals = text.indexOf('=');
  if (equals <= 0)
    return { message: `found "${text}"; it is path=value`, advice: 'as in --set load.timeout=5s' };
  const name = nameIn(text);
  const path = pathNamed(document, name);
  const unknown = unknownPath(path);
  if (unknown !== undefined && path[0] !== 'vary') {
    const short = path.length === 1 ? nearestName(name, ['model', ...Object.keys(SHORT_NAMES)]) : undefined;
    return short === undefined ? unknown : { message: unknown.message, advice: `did you mean ${short}?` };
  }
  try {
    return { path, value: parse(text.slice(equals + 1)) };
  } catch {
    return {
      message: `found "${text}"; the value is not YAML`,
      advice: "as in --set 'load.ladder.steps=[10%, 40%]'",
    };
  }
}

/** What stands before the first `=`. */
function nameIn(assignment: string): string {
  return assignment.slice(0, assignment.indexOf('=')).trim();
}

function pathNamed(document: ScenarioDocument, name: string): string[] {
  return name === 'model' ? modelPath(document) : (SHORT_NAMES[name] ?? name).split('.');
}

/** Whether the command line gave the value at `path`, by itself or within a larger one. */
function isSet(
  document: ScenarioDocument,
  { set = [], trials }: Overrides,
  path: readonly string[],
): boolean {
  const dotted = path.join('.');
  if (trials !== undefined && dotted === 'measure.trials') return true;
  return set.some((text) => `${dotted}.`.startsWith(`${pathNamed(document, nameIn(text)).join('.')}.`));
}
