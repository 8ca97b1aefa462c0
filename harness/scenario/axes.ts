import { nearestName, type Problem } from '../errors.ts';
import { located, placeOf, type ScenarioDocument, writtenAt } from './document.ts';
import { unknownPath } from './json-schema.ts';
import { notYetAdvice } from './not-yet.ts';

/** One thing to vary, as the file says it. */
export interface Axis {
  readonly name: string;
  readonly points: readonly AxisPoint[];
}

/** One label of an axis and everything that it sets. */
export interface AxisPoint {
  readonly label: string;
  readonly sets: readonly AxisAssignment[];
}

export interface AxisAssignment {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Where the value stands in the document. */
  readonly from: readonly PropertyKey[];
}

/** Raw content of a map, or undefined. */
export function asMap(found: unknown): Record<string, unknown> | undefined {
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Record<string, unknown>)
    : undefined;
}

const RESERVED = ['load', 'as found'];

/** Reads `vary`. A malformed axis gives problems and is left out. */
export function readAxes(
  document: ScenarioDocument,
  raw: Record<string, unknown>,
): { axes: Axis[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const axes: Axis[] = [];
  for (const [name, written] of Object.entries(asMap(raw.vary) ?? {})) {
    const complain = (message: string, advice?: string, at: readonly PropertyKey[] = ['vary', name]) =>
      problems.push({
        ...located(document, at),
        field: at.slice(0, 3).map(String).join('.'),
        message,
        ...(advice === undefined ? {} : { advice }),
      });
    if (RESERVED.includes(name)) complain(`"${name}" cannot be the name of an axis`, 'choose another');
    // A point keeps its label even where it sets nothing legal: rules and gates name labels.
    const points = readPoints(document, name, asMap(written) ?? {}, complain).map(({ label, sets }) => ({
      label,
      sets: sets.filter((assignment) => isAssignable(document, name, assignment, complain)),
    }));
    if (points.length > 0) axes.push({ name, points });
  }
  return { axes, problems: [...problems, ...overlaps(document, axes)] };
}

type Complain = (message: string, advice?: string, at?: readonly PropertyKey[]) => void;

function readPoints(
  document: ScenarioDocument,
  name: string,
  written: Record<string, unknown>,
  complain: Complain,
): AxisPoint[] {
  const at = ['vary', name, 'values'];
  const path = typeof written.path === 'string' ? written.path.split('.') : undefined;
  const byLabel = asMap(written.values);
  if (byLabel !== undefined) {
    return Object.entries(byLabel).map(([label, value]) => ({
      label,
      sets:
        path === undefined
          ? severalPaths(label, value, at, complain)
          : [{ path, value, from: [...at, label] }],
    }));
  }
  if (!Array.isArray(written.values) || written.values.length === 0) {
    complain(
      'found no values; an axis is { path: …, values: [ … ] } or { path: …, values: { label: value } }',
    );
    return [];
  }
  if (path === undefined) {
    complain(
      'found no path; say which field the values are for',
      'as in path: target.reference.batching.maxRows',
    );
    return [];
  }
  return listedPoints(document, path, written.values, at, complain);
}

function severalPaths(
  label: string,
  value: unknown,
  at: readonly string[],
  complain: Complain,
): AxisAssignment[] {
  const entries = Object.entries(asMap(value) ?? {});
  if (entries.length === 0) {
    complain(
      `found no paths under "${label}"; an axis without path sets several: { dotted.path: value }`,
      'add path: to the axis, or paths to the label',
      [...at, label],
    );
  }
  return entries.map(([dotted, one]) => ({
    path: dotted.split('.'),
    value: one,
    from: [...at, label, dotted],
  }));
}

function listedPoints(
  document: ScenarioDocument,
  path: readonly string[],
  values: readonly unknown[],
  at: readonly string[],
  complain: Complain,
): AxisPoint[] {
  const points: AxisPoint[] = [];
  for (const [index, value] of values.entries()) {
    const from = [...at, index];
    const label = writtenAt(document, from);
    if (label === undefined) {
      complain('found a value that needs a name', 'write values: { label: value }', from);
    } else if (points.some((point) => point.label === label)) {
      complain(`found ${label} twice`, undefined, from);
    } else {
      points.push({ label, sets: [{ path, value, from }] });
    }
  }
  return points;
}

const VARIABLE = ['target', 'workload', 'load'];

function isAssignable(
  document: ScenarioDocument,
  axis: string,
  { path, from }: AxisAssignment,
  complain: Complain,
): boolean {
  const at = from.length > 4 ? from : ['vary', axis, 'path'];
  const found = assignmentProblem(document, axis, path);
  if (found !== undefined) complain(found.message, found.advice, at);
  return found === undefined;
}

function assignmentProblem(
  document: ScenarioDocument,
  axis: string,
  path: readonly string[],
): { message: string; advice?: string } | undefined {
  const dotted = path.join('.');
  const later = path
    .map((_, depth) => notYetAdvice(path.slice(0, depth + 1)))
    .find((one) => one !== undefined);
  if (later !== undefined) return { message: `${dotted} is not in this version`, advice: later };
  const unknown = unknownPath(path);
  if (unknown !== undefined) return unknown;
  if (!VARIABLE.includes(path[0] ?? '')) {
    return { message: `${dotted} cannot be varied`, advice: `allowed: fields of ${VARIABLE.join(', ')}` };
  }
  if (document.yaml.hasIn(path) && placeOf(document, path) === 'override') {
    return {
      message: `${dotted} is varied here, so it cannot be set as well`,
      advice: `--set 'vary.${axis}.values=[…]'`,
    };
  }
  return undefined;
}

/** Two axes that set one field, or a field and the map that it stands in: the second would win in silence. */
function overlaps(document: ScenarioDocument, axes: readonly Axis[]): Problem[] {
  const earlier: { dotted: string; axis: string }[] = [];
  const problems: Problem[] = [];
  for (const { name, points } of axes) {
    const own = new Set(points.flatMap((point) => point.sets.map((set) => set.path.join('.'))));
    for (const dotted of own) {
      const other = earlier.find((one) => holds(one.dotted, dotted) || holds(dotted, one.dotted));
      if (other === undefined) continue;
      const what = other.dotted === dotted ? dotted : `${other.dotted}, which overlaps with ${dotted},`;
      problems.push({
        ...located(document, ['vary', name]),
        field: `vary.${name}`,
        message: `${what} is varied by "${other.axis}" already`,
      });
    }
    earlier.push(...[...own].map((dotted) => ({ dotted, axis: name })));
  }
  return problems;
}

/** Whether a field is another, or stands within it. */
function holds(outer: string, inner: string): boolean {
  return `${inner}.`.startsWith(`${outer}.`);
}

/** A problem for every axis or label of a place (`skip`, `where`) that does not exist. */
export function checkPlace(
  place: Readonly<Record<string, string>>,
  known: Readonly<Record<string, readonly string[]>>,
): { axis: string; message: string; advice?: string }[] {
  return Object.entries(place).flatMap(([axis, label]) => {
    const labels = Object.hasOwn(known, axis) ? known[axis] : undefined;
    const [found, allowed, what] =
      labels === undefined ? [axis, Object.keys(known), 'axis'] : [label, labels, `label of ${axis}`];
    if (labels?.includes(label)) return [];
    const near = nearestName(found, allowed);
    return [
      {
        axis,
        message: `found ${what} "${found}"; known: ${allowed.length === 0 ? 'none, nothing varies' : allowed.join(', ')}`,
        ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
      },
    ];
  });
}
