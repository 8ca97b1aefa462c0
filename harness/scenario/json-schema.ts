import { z } from 'zod';
import { nearestName } from '../errors.ts';
import { scenarioFile } from './schema.ts';

/** One field, as JSON Schema says it; what `explain`, `--set` and the messages read. */
export interface FieldNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, FieldNode>>;
  readonly additionalProperties?: boolean | FieldNode;
  readonly items?: FieldNode;
}

/** The schema that editors read; `scenario.schema.json` holds it. */
export function scenarioJsonSchema(): FieldNode {
  const schema = z.toJSONSchema(scenarioFile, { io: 'input' });
  return { title: 'Inferometer scenario', ...schema } as FieldNode;
}

export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

const root = scenarioJsonSchema();

/** The field at a dotted path, or undefined where the format has none. */
export function fieldAt(path: readonly string[]): FieldNode | undefined {
  let node: FieldNode | undefined = root;
  for (const key of path) {
    if (node === undefined) return undefined;
    const own: FieldNode | undefined = Object.hasOwn(node.properties ?? {}, key)
      ? node.properties?.[key]
      : undefined;
    const free: FieldNode | undefined =
      typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    node = own ?? free ?? (/^\d+$/.test(key) ? node.items : undefined);
  }
  return node;
}

/** Names of the fields directly below; empty where any name is allowed or none. */
export function fieldNames(path: readonly string[]): string[] {
  return Object.keys(fieldAt(path)?.properties ?? {});
}

/** Dotted paths of all fields without fields of their own. */
export function leafPaths(node: FieldNode = root, path: readonly string[] = []): string[] {
  if (node.properties === undefined) return [path.join('.')];
  return Object.entries(node.properties).flatMap(([key, child]) => leafPaths(child, [...path, key]));
}

/** Says where a dotted path leaves the format, and what was probably meant. */
export function unknownPath(path: readonly string[]): { message: string; advice?: string } | undefined {
  if (fieldAt(path) !== undefined) return undefined;
  const dotted = path.join('.');
  const near =
    nearestName(dotted, leafPaths()) ?? leafPaths().find((known) => known.endsWith(`.${path.at(-1)}`));
  return {
    message: `there is no field ${dotted}`,
    ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
  };
}
