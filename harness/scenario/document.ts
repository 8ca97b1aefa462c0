import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { type Problem, UsageError } from '../errors.ts';

/** A scenario file as YAML that still knows its lines. Overrides are written into it before it is read. */
export interface ScenarioDocument {
  readonly file: string;
  readonly yaml: Document;
  readonly lines: LineCounter;
}

/** Where a value stands: a line of the file, or `override` when the command line put it there. */
export type Place = { readonly line: number } | 'override';

/** Throws UsageError with every syntax problem of the file. */
export function readDocument(text: string, file: string): ScenarioDocument {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const problems = yaml.errors.map(
    (error): Problem => ({
      file,
      line: lines.linePos(error.pos[0]).line,
      message:
        error.code === 'MULTIPLE_DOCS'
          ? 'found a second document; a file holds one scenario'
          : error.message.replace(/\n[\s\S]*/, ''),
    }),
  );
  if (problems.length > 0) throw new UsageError(problems);
  if (!isMap(yaml.contents)) {
    throw new UsageError([
      {
        file,
        line: 1,
        message: 'found no fields; a scenario begins with name and target',
        advice: 'see scenarios/README.md',
      },
    ]);
  }
  return { file, yaml, lines };
}

/** The place of the deepest part of `path` that the document has. */
export function placeOf(document: ScenarioDocument, path: readonly PropertyKey[]): Place {
  let node: unknown = document.yaml.contents;
  let place: Place = { line: 1 };
  for (const key of path) {
    const found = child(document, node, key);
    if (found === undefined) return place;
    const start = isNode(found.at) ? found.at.range?.[0] : undefined;
    if (start === undefined) return 'override';
    place = { line: document.lines.linePos(start).line };
    node = found.value;
  }
  return isNode(node) && node.range === undefined ? 'override' : place;
}

/** The label of a scalar as it was written: `1.50` stays `1.50`. Undefined for lists and maps. */
export function writtenAt(document: ScenarioDocument, path: readonly PropertyKey[]): string | undefined {
  let node: unknown = document.yaml.contents;
  for (const key of path) node = child(document, node, key)?.value;
  if (isAlias(node)) node = node.resolve(document.yaml);
  return isScalar(node) ? (node.source ?? String(node.value)) : undefined;
}

function child(
  document: ScenarioDocument,
  parent: unknown,
  key: PropertyKey,
): { at: unknown; value: unknown } | undefined {
  const node = isAlias(parent) ? parent.resolve(document.yaml) : parent;
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return item === undefined ? undefined : { at: item, value: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    (item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key),
  );
  return pair === undefined ? undefined : { at: pair.key, value: pair.value };
}

/** `file` and `line` of a problem about what stands at `path`. */
export function located(
  document: ScenarioDocument,
  path: readonly PropertyKey[],
): { file: string; line?: number } {
  const place = placeOf(document, path);
  return place === 'override' ? { file: 'command line' } : { file: document.file, line: place.line };
}
