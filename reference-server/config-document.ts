import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** Something that a configuration says wrongly, in a sentence that begins with its field. */
export interface ConfigProblem {
  readonly line?: number;
  readonly message: string;
}

/** A configuration's content, which still knows the line of each field. */
export interface ConfigDocument {
  readonly raw: unknown;
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** A YAML text (JSON is YAML as well), or every place in which it is none. An empty one is an empty map. */
export function readYaml(text: string): ConfigDocument | readonly ConfigProblem[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return document.errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      message: error.message.replace(/\n[\s\S]*/, ''),
    }));
  }
  return {
    raw: document.toJS() ?? {},
    lineOf(path) {
      const start = deepest(document.contents, path);
      return start === undefined ? undefined : lines.linePos(start).line;
    },
  };
}

/** Where the deepest part of the path that is there begins. */
function deepest(root: unknown, path: readonly PropertyKey[]): number | undefined {
  let node = root;
  let start = isNode(root) ? root.range?.[0] : undefined;
  for (const key of path) {
    let at: unknown;
    if (isSeq(node)) {
      at = node.items[Number(key)];
      node = at;
    } else if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === key);
      at = pair?.key;
      node = pair?.value;
    }
    if (!isNode(at)) return start;
    start = at.range?.[0] ?? start;
  }
  return start;
}

/** What a schema says against a content: every problem with its field, its line, and the name that was meant. */
export function problemsOf(
  error: z.core.$ZodError,
  schema: z.ZodType,
  document: ConfigDocument,
): readonly ConfigProblem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        const near = nearestName(key, known);
        const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
        return at(path, `there is no such field; ${hint}`, document);
      });
    }
    return [at(issue.path, issue.message, document)];
  });
}

function at(path: readonly PropertyKey[], message: string, document: ConfigDocument): ConfigProblem {
  const line = document.lineOf(path);
  const field = path.join('.');
  return {
    ...(line === undefined ? {} : { line }),
    message: field === '' ? message : `${field}: ${message}`,
  };
}

/** `server.yaml:3: port: …`, or without the file for a configuration that is in none. */
export function located(problem: ConfigProblem, file: string | undefined): string {
  if (file === undefined) return problem.message;
  return `${file}:${problem.line ?? 1}: ${problem.message}`;
}

/** The fields that a schema's object has at a path: through defaults, lists and alternatives. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let shapes = objectsIn(schema);
  for (const key of path) {
    shapes = shapes.flatMap((shape) => {
      const next = typeof key === 'number' ? shape : shape[String(key)];
      if (next === undefined) return [];
      return typeof key === 'number' ? [shape] : objectsIn(next as z.ZodType);
    });
  }
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
}

type Shape = Readonly<Record<string, unknown>>;

interface Definition {
  readonly type: string;
  readonly shape?: Shape;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly in?: z.ZodType;
}

/** An object's shape, and for a list the shape of its elements. */
function objectsIn(schema: z.ZodType): readonly Shape[] {
  const definition = schema.def as unknown as Definition;
  if (definition.shape !== undefined) return [definition.shape];
  const within = [definition.innerType, definition.element, definition.in, ...(definition.options ?? [])];
  return within.flatMap((inner) => (inner === undefined ? [] : objectsIn(inner)));
}
