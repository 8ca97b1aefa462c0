import { isCollection } from 'yaml';
import { asMap, readAxes } from './axes.ts';
import type { ScenarioDocument } from './document.ts';
import { fieldAt } from './json-schema.ts';
import { isProblem, parseDuration, word } from './quantities.ts';
import { MOST_DURATIONS } from './stop-checks.ts';

/** A quick run takes a third of the time. */
const PARTS = 3;

type Content = Readonly<Record<string, unknown>>;
/** Whether the command line has said what stands at this path of the document. */
type IsSet = (path: readonly string[]) => boolean;
type Set = (path: readonly string[], value: unknown) => void;

/**
 * Writes a quick run into the document: a third of every time and one trial. A load that changes keeps its rates and its
 * shape, all of it within a third of its length; of a recording every third arrival is sent. What the command line set
 * itself stays.
 */
export function shorten(document: ScenarioDocument, isSet: IsSet, set: Set): void {
  const content = asMap(document.yaml.toJS()) ?? {};
  const vary = asMap(content.vary);
  const varied = readAxes(document, content).axes.flatMap(({ points }) => points.flatMap(({ sets }) => sets));
  // What stands where an axis puts its own is never read.
  const stays: IsSet = (path) =>
    isSet(path) || varied.some((one) => one.path.every((key, depth) => key === path[depth]));
  const quick = {
    ...content,
    ...(content.measure === undefined || asMap(content.measure) !== undefined
      ? { measure: quickMeasure(asMap(content.measure) ?? {}, stays) }
      : {}),
    ...(asMap(content.load) === undefined ? {} : { load: quickAt(['load'], content.load, ['load'], stays) }),
    ...(Array.isArray(content.events)
      ? { events: quickAt(['events'], content.events, ['events'], stays) }
      : {}),
    ...(vary === undefined ? {} : { vary: mapEntries(vary, (axis, name) => quickAxis(axis, name, isSet)) }),
  };
  writeChanges(document, [], content, quick, set);
}

function quickMeasure(measure: Content, isSet: IsSet): Content {
  const third = (found: unknown, path: readonly string[]): unknown => {
    const full = parseDuration(found ?? fieldAt(path)?.default);
    if (isProblem(full) || (found !== undefined && isSet(path))) return found;
    return `${Math.max(1, Math.round(full.value / 100 / PARTS)) * 100}ms`;
  };
  const { warmup, duration, trials, stop } = measure;
  const quick = {
    ...measure,
    warmup: third(warmup, ['measure', 'warmup']),
    duration: third(duration, ['measure', 'duration']),
    trials: trials !== undefined && isSet(['measure', 'trials']) ? trials : 1,
  };
  if (asMap(stop) === undefined) return quick;
  const { maxDuration } = asMap(stop) ?? {};
  const longest = third(maxDuration, ['measure', 'stop', 'maxDuration']);
  return { ...quick, stop: { ...asMap(stop), maxDuration: atMost(longest, quick.duration) } };
}

/** Rounding must not bring the longest time above what the shortest allows. */
function atMost(longest: unknown, shortest: unknown): unknown {
  const [longestMs, shortestMs] = [parseDuration(longest), parseDuration(shortest)];
  if (isProblem(longestMs) || isProblem(shortestMs)) return longest;
  const mostMs = MOST_DURATIONS * shortestMs.value;
  return longestMs.value > mostMs ? `${mostMs}ms` : longest;
}

/** What an axis sets, at one path or at several. */
function quickAxis(axis: unknown, name: string, isSet: IsSet): unknown {
  const { path, values } = asMap(axis) ?? {};
  const at = ['vary', name, 'values'];
  const each = (value: unknown, key: string): unknown =>
    typeof path === 'string'
      ? quickAt(path.split('.'), value, [...at, key], isSet)
      : mapEntries(value, (one, dotted) => quickAt(dotted.split('.'), one, [...at, key, dotted], isSet));
  const quick = Array.isArray(values) ? quickList(values, each) : mapEntries(values, each);
  return values === undefined ? axis : { ...asMap(axis), values: quick };
}

/** Rules and gates name a listed value as it was written, so a shorter one keeps that as its label. */
function quickList(values: readonly unknown[], each: (value: unknown, key: string) => unknown): unknown {
  const quick = values.map((value, index) => each(value, String(index)));
  const isText = values.every((value) => typeof value === 'string');
  if (!isText || quick.every((value, index) => value === values[index])) return quick;
  return Object.fromEntries(values.map((value, index) => [word(value), quick[index]]));
}

/** Times of a load and of events; those that are a length of their own come to whole milliseconds. */
const LENGTHS = /^load\.(ramp\.over|stages\.\d+\.for|atMost)$/;
const TIMES = /^(load\.(sine\.period|burst\.(every|for))|events\.\d+\.at)$/;

/** @param field what the value is for. @param at where it stands in the document. */
function quickAt(field: readonly string[], value: unknown, at: readonly string[], isSet: IsSet): unknown {
  const dotted = field.join('.');
  if (LENGTHS.test(dotted) || TIMES.test(dotted)) {
    const full = parseDuration(value);
    if (isProblem(full) || isSet(at)) return value;
    const ms = full.value / PARTS;
    return `${LENGTHS.test(dotted) ? Math.max(1, Math.round(ms)) : Number(ms.toPrecision(6))}ms`;
  }
  if (Array.isArray(value)) {
    return value.map((one: unknown, index) =>
      quickAt([...field, String(index)], one, [...at, String(index)], isSet),
    );
  }
  const quick = mapEntries(value, (one, key) => quickAt([...field, key], one, [...at, key], isSet));
  if (dotted === 'load.replay') return quickReplay(asMap(quick), at, isSet);
  if (dotted !== 'load' || asMap(value)?.find === undefined || asMap(value)?.atMost !== undefined)
    return quick;
  return {
    ...asMap(quick),
    atMost: quickAt(['load', 'atMost'], fieldAt(['load', 'atMost'])?.default, [], () => false),
  };
}

/** Faster, and thinned out by as much: the same rates. */
function quickReplay(replay: Content | undefined, at: readonly string[], isSet: IsSet): unknown {
  const { timeScale = 1, every = 1 } = replay ?? {};
  const isOwn = ['timeScale', 'every'].some((key) => replay?.[key] !== undefined && isSet([...at, key]));
  if (isOwn || typeof timeScale !== 'number' || typeof every !== 'number') return replay;
  return { ...replay, timeScale: roundedUp(timeScale / PARTS), every: every * PARTS };
}

/** To six digits; a larger scale is a lower rate, so no limit is passed by rounding. */
function roundedUp(value: number): number {
  const digits = 10 ** (5 - Math.floor(Math.log10(value)));
  return Math.ceil(value * digits) / digits;
}

function mapEntries(found: unknown, change: (value: unknown, key: string) => unknown): unknown {
  const map = asMap(found);
  if (map === undefined) return found;
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}

/** Only what differs is written, so that all else keeps its line; what an alias stands for is written out. */
function writeChanges(
  document: ScenarioDocument,
  at: readonly string[],
  before: unknown,
  after: unknown,
  set: Set,
): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const node = at.length === 0 ? document.yaml.contents : document.yaml.getIn(at, true);
  const sameKind = Array.isArray(before) === Array.isArray(after);
  if (!isCollection(node) || !sameKind || typeof after !== 'object' || after === null) {
    set(at, after);
    return;
  }
  const old = new Map(Object.entries(before ?? {}));
  for (const [key, value] of Object.entries(after)) {
    writeChanges(document, [...at, key], old.get(key), value, set);
  }
}
