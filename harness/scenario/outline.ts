import { asMap, readAxes } from './axes.ts';
import { placeOf, readDocument, writtenAt } from './document.ts';
import { withImpliedLoad } from './implied-load.ts';
import { type FieldNode, fieldAt } from './json-schema.ts';
import { SEARCH_FIELDS } from './load-checks.ts';

/** One field of a scenario as it will run, and who said so. */
export interface OutlineLine {
  readonly path: readonly string[];
  /** As a user would write it, unit included; undefined for a field with fields of its own. */
  readonly value: string | undefined;
  /** `line 12`, `default`, `varies, line 15`, `left out`. */
  readonly origin: string;
}

const NOUNS = ['target', 'workload', 'load', 'measure', 'events', 'decide', 'limits', 'labels'];

/** What a field does that is left out, where its default is a rule and not a value. */
const RULES: Readonly<Record<string, string>> = {
  'workload.inputs': 'normal(0, 1) for float inputs',
  'load.connections': 'as many as needed',
  'limits.maxRate': 'no cap',
};

/** Every field in the format's order with its value, defaults included. The text must be a valid scenario. */
export function outlineOf(text: string, file: string): OutlineLine[] {
  const document = readDocument(text, file);
  const raw = asMap(document.yaml.toJS()) ?? {};
  const content = withImpliedLoad(raw);
  const varied = new Map<string, { labels: string[]; line: string }>();
  for (const axis of readAxes(document, raw).axes) {
    const labels = axis.points.map((point) => point.label);
    for (const { path } of axis.points.flatMap((point) => point.sets)) {
      varied.set(path.join('.'), { labels, line: lineAt(['vary', axis.name]) });
    }
  }

  function lineAt(path: readonly string[]): string {
    const place = placeOf(document, path);
    return place === 'override' ? 'command line' : `line ${place.line}`;
  }

  function leaf(path: readonly string[], node: FieldNode, found: unknown): OutlineLine {
    const axis = varied.get(path.join('.'));
    if (axis !== undefined) return { path, value: axis.labels.join(' · '), origin: `varies, ${axis.line}` };
    if (found !== undefined) {
      return { path, value: writtenAt(document, path) ?? written(found), origin: lineAt(path) };
    }
    const rule = RULES[path.join('.')];
    if (rule !== undefined) return { path, value: rule, origin: 'default' };
    if (node.default !== undefined) return { path, value: written(node.default), origin: 'default' };
    return { path, value: '–', origin: 'left out' };
  }

  function walk(path: readonly string[], found: unknown): OutlineLine[] {
    const node = fieldAt(path) ?? {};
    if (node.properties === undefined || varied.has(path.join('.'))) return [leaf(path, node, found)];
    const isVaried = [...varied.keys()].some((dotted) => dotted.startsWith(`${path.join('.')}.`));
    if (found === undefined && node.default === undefined && !isVaried) return [];
    const inner = asMap(found) ?? {};
    const children = Object.keys(node.properties).filter((key) => !isMoot(path, key, inner));
    return [
      { path, value: undefined, origin: '' },
      ...children.flatMap((key) => walk([...path, key], inner[key])),
    ];
  }

  return NOUNS.flatMap((noun) => walk([noun], content[noun]));
}

/**
 * Fields about a server of one's own mean nothing beside the bundled one, nor the reverse; those of a search nothing
 * without one.
 */
function isMoot(path: readonly string[], key: string, found: Record<string, unknown>): boolean {
  if (path.join('.') === 'load') return SEARCH_FIELDS.includes(key) && found.find === undefined;
  return path.join('.') === 'target' && (key === 'reference') !== (found.reference !== undefined);
}

function written(found: unknown): string {
  if (Array.isArray(found)) return found.length === 0 ? 'none' : found.map(written).join(', ');
  const map = asMap(found);
  if (map === undefined) return String(found);
  const pairs = Object.entries(map).map(([key, value]) =>
    Array.isArray(value) || asMap(value) !== undefined
      ? `${key} (${written(value)})`
      : `${key} ${String(value)}`,
  );
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}
