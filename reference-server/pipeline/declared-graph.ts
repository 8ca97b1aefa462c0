import { z } from 'zod';
import type { TensorSpec } from '../execution/tensors.ts';
import { DATATYPES } from '../infer.ts';
import { nearestName } from '../nearest-name.ts';
import type { StepKind } from './step.ts';
import { FILE_FIELDS, STEP_KINDS, STEP_NAMES, type StepName } from './step-kinds.ts';

/** A step as a configuration declares it: its fields are those of its kind, checked. */
export interface DeclaredStep {
  readonly step: StepName;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A model of this server within an ensemble. */
export interface DeclaredModel {
  readonly model: string;
  /** A version or a label; undefined: the default one. */
  readonly version?: string;
  /** By the model's name for a tensor: the ensemble's. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export type DeclaredNode = DeclaredStep | DeclaredModel;

/** Steps around one model. */
export interface DeclaredPipeline {
  /** What callers give; undefined: what the model takes. */
  readonly inputs?: readonly TensorSpec[];
  readonly before: readonly DeclaredStep[];
  readonly after: readonly DeclaredStep[];
  /** What callers get; undefined: what the model and the steps after it give. */
  readonly outputs?: readonly string[];
}

/** Models and steps as one model. */
export interface DeclaredEnsemble {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly DeclaredOutput[];
  /** In any order: one that needs another's tensors runs after it. */
  readonly nodes: readonly DeclaredNode[];
  /** Rows in a request at most; undefined: what all of its models take. */
  readonly maxRows?: number;
}

export interface DeclaredOutput {
  readonly name: string;
  /** What it must be, where that is said. */
  readonly datatype?: TensorSpec['datatype'];
  readonly shape?: readonly number[];
}

/** The files that these steps name beside the configuration, each once. */
export function filesNamed(nodes: readonly DeclaredNode[]): readonly string[] {
  const named = nodes.flatMap((node) =>
    'step' in node ? FILE_FIELDS.map((field) => node.fields[field]) : [],
  );
  return [...new Set(named.filter((file): file is string => typeof file === 'string'))];
}

const names = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)], 'must be a name or a list of names')
  .transform((value) => (typeof value === 'string' ? [value] : value));

const dimension = z.int().refine((size) => size >= 1 || size === -1, 'must be a size from 1, or -1 for any');

const tensor = z.strictObject({
  name: z.string().min(1),
  datatype: z.enum(DATATYPES),
  /** With the rows first; -1 is any size. */
  shape: z.array(dimension).min(1),
});

const step = z.unknown().transform((written, context): DeclaredStep => {
  const { step: name } = (written ?? {}) as { readonly step?: unknown };
  if (typeof name !== 'string' || !Object.hasOwn(STEP_KINDS, name)) {
    context.addIssue({ code: 'custom', path: ['step'], message: unknownStep(name) });
    return z.NEVER;
  }
  const kind: StepKind = STEP_KINDS[name as StepName];
  const schema = z.strictObject({
    step: z.literal(name),
    from: names,
    to: names.optional(),
    ...kind.fields,
  });
  const read = readAs(schema, written, context);
  if (read === undefined) return z.NEVER;
  const { step: _, from, to, ...fields } = read as { step: string; from: string[]; to?: string[] };
  for (const [path, message] of countProblems(kind, from, to)) {
    context.addIssue({ code: 'custom', path: [path], message });
  }
  return { step: name as StepName, from, to: to ?? from.slice(0, 1), fields };
});

function unknownStep(name: unknown): string {
  if (name === undefined) return `must name a step: ${STEP_NAMES.join(', ')}`;
  const near = nearestName(String(name), STEP_NAMES);
  return `there is no step '${name}'; ${near === undefined ? `there are ${STEP_NAMES.join(', ')}` : `did you mean ${near}?`}`;
}

/** The fields of an object whose schema depends on what it holds; a field that there is not is told by its neighbour. */
function readAs(
  schema: z.ZodObject,
  written: unknown,
  context: z.core.$RefinementCtx,
): Record<string, unknown> | undefined {
  const parsed = schema.safeParse(written);
  if (parsed.success) return parsed.data;
  const known = Object.keys(schema.shape);
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'unrecognized_keys') {
      context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
      continue;
    }
    for (const key of issue.keys) {
      const near = nearestName(key, known);
      const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
      context.addIssue({ code: 'custom', path: [key], message: `there is no such field; ${hint}` });
    }
  }
  return undefined;
}

function countProblems(
  { takesSeveral, givesFrom }: StepKind,
  from: readonly string[],
  to: readonly string[] | undefined,
): readonly (readonly ['from' | 'to', string])[] {
  const problems: ['from' | 'to', string][] = [];
  if (takesSeveral !== true && from.length > 1) problems.push(['from', 'this step takes one tensor']);
  const [least, most] = givesFrom ?? [1, 1];
  if (to === undefined && (takesSeveral === true || most > 1)) {
    problems.push(['to', 'must name what the step gives']);
  } else if (to !== undefined && (to.length < least || to.length > most)) {
    const allowed = least === most ? String(least) : `${least} to ${most}`;
    problems.push(['to', `this step gives ${allowed}, found ${to.length} names`]);
  }
  return problems;
}

const model = z.strictObject({
  model: z.string().min(1),
  version: z.union([z.int().min(1).transform(String), z.string().min(1)]).optional(),
  inputs: z.record(z.string(), z.string().min(1)).default({}),
  outputs: z.record(z.string(), z.string().min(1)).default({}),
});

const node = z.unknown().transform((written, context): DeclaredNode => {
  const isModel = typeof written === 'object' && written !== null && 'model' in written;
  if (!isModel) {
    const parsed = step.safeParse(written);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) {
      context.addIssue({ code: 'custom', path, message });
    }
    return z.NEVER;
  }
  const read = readAs(model, written, context);
  if (read === undefined) return z.NEVER;
  const { version, ...others } = read as z.output<typeof model>;
  return version === undefined ? others : { ...others, version };
});

/** The field `pipeline` of a model. */
export const pipeline = z
  .strictObject({
    inputs: z.array(tensor).min(1).optional(),
    before: z.array(step).default([]),
    after: z.array(step).default([]),
    outputs: z.array(z.string().min(1)).min(1).optional(),
  })
  .transform(
    ({ inputs, outputs, before, after }): DeclaredPipeline => ({
      before,
      after,
      ...(inputs === undefined ? {} : { inputs }),
      ...(outputs === undefined ? {} : { outputs }),
    }),
  );

/** The field `ensemble` of a model, in place of an ONNX file. */
export const ensemble = z
  .strictObject({
    inputs: z.array(tensor).min(1),
    outputs: z.array(z.string().min(1)).min(1),
    nodes: z.array(node).min(1),
    maxRows: z.int().min(1).optional(),
  })
  .transform(
    ({ inputs, outputs, nodes, maxRows }): DeclaredEnsemble => ({
      inputs,
      outputs: outputs.map((name) => ({ name })),
      nodes,
      ...(maxRows === undefined ? {} : { maxRows }),
    }),
  );
