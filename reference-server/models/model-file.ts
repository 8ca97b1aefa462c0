import { z } from 'zod';
import { type ConfigDocument, type ConfigProblem, problemsOf, readYaml } from '../config-document.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import { DATATYPES, type Datatype } from '../infer.ts';
import { EXECUTION_FIELDS, type OwnSettings, ownSettings } from '../model-settings.ts';
import {
  type DeclaredEnsemble,
  type DeclaredPipeline,
  ensemble,
  pipeline,
} from '../pipeline/declared-graph.ts';
import { type RoutingSettings, routing } from '../routing/routing-settings.ts';
import type { InputLimits } from './input-limits.ts';
import type { VersionPolicy } from './version-policy.ts';

/** What the configuration of one model in a repository says; everything may be left out. */
export interface ModelFile {
  readonly settings: OwnSettings;
  /** Default: the newest. */
  readonly versions: VersionPolicy;
  readonly labels: Readonly<Record<string, string>>;
  readonly defaultVersion: string | undefined;
  readonly routing?: RoutingSettings | undefined;
  /** Name of the model's file in a version's folder. */
  readonly file: string;
  /** Inputs and outputs that the model must have; a fixed dimension may narrow a variable one of the model's. */
  readonly inputs: readonly DeclaredInput[];
  readonly outputs: readonly DeclaredTensor[];
  /** Whether requests of different callers may share a batch. */
  readonly sharesBatches: boolean;
  /** It asks for a cache and leaves it to the server which: its settings say what it gets where the server has none. */
  readonly cachesAsServer?: boolean;
  readonly warmUp: readonly WarmUpSample[];
  /** Steps before and after the model. */
  readonly pipeline?: DeclaredPipeline;
  /** Other models and steps, which are this model: it has no file of its own. */
  readonly ensemble?: DeclaredEnsemble;
  /** Fields that were read and that this server does not act on. */
  readonly notHonoured: readonly string[];
}

/** As a configuration declares it; without a shape any will do. */
export interface DeclaredTensor {
  readonly name: string;
  readonly datatype?: Datatype;
  /** Rows first. */
  readonly shape?: readonly number[];
  /** File in the model's folder with the name of each class, one a line. */
  readonly labelFile?: string;
}

/** What of an input is beyond the limits is refused before it is batched. */
export type DeclaredInput = DeclaredTensor & InputLimits;

/** A request that every instance must answer before it is ready. */
export interface WarmUpSample {
  readonly name: string;
  readonly rows: number;
  readonly times: number;
  readonly inputs: readonly (TensorSpec & { readonly fill: 'zeros' | 'random' })[];
}

/** What a model without a configuration gets. */
export const SILENT: ModelFile = {
  settings: {},
  versions: { latest: 1 },
  labels: {},
  defaultVersion: undefined,
  file: 'model.onnx',
  inputs: [],
  outputs: [],
  sharesBatches: true,
  warmUp: [],
  notHonoured: [],
};

const version = z
  .union([z.int().min(1), z.string().regex(/^[1-9]\d*$/)], 'must be the number of a version')
  .transform(String);

const dimension = z.int().refine((size) => size >= 1 || size === -1, 'must be a size from 1, or -1 for any');

const tensor = z.strictObject({
  name: z.string().min(1),
  datatype: z.enum(DATATYPES).optional(),
  /** With the rows first; -1 is any size. */
  shape: z.array(dimension).min(1).optional(),
  /** The name of each class, one a line, for the classification of this output. */
  labelFile: z.string().min(1).optional(),
});

const inputTensor = tensor.omit({ labelFile: true }).extend({
  /** The least and the greatest value that the model takes, both included: the ids of a vocabulary, for one. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** The largest size of each dimension, with the rows first; -1 is any. */
  maxShape: z.array(dimension).min(1).optional(),
  /** The name of another input, whose shape this one must have in every request. */
  sameShapeAs: z.string().min(1).optional(),
});

/** What a configuration says of a model's versions, in its folder or in the server's list. */
export const versionFields = {
  /** `all`, `{latest: n}` for the n newest, or `{specific: [1, 3]}`. */
  versions: z
    .union(
      [
        z.literal('all'),
        z.strictObject({ latest: z.int().min(1) }),
        z.strictObject({ specific: z.array(version).min(1) }),
      ],
      'must be all, {latest: n} or {specific: [1, 3]}',
    )
    .optional(),
  /** Names for versions: `{stable: 3}`; requests may use them in a version's place. */
  labels: z
    .record(z.string().regex(/^[A-Za-z_][\w.-]*$/, 'a label begins with a letter'), version)
    .optional(),
  /** Version or label that requests without one get; left out: the newest that runs. */
  defaultVersion: z.union([version, z.string().min(1)]).optional(),
  /** How versions share the requests that name none, and which gets copies. */
  routing: routing.optional(),
};

const modelFile = ownSettings.extend({
  ...versionFields,
  file: z.string().min(1).optional(),
  inputs: z.array(inputTensor).optional(),
  outputs: z.array(tensor).optional(),
  /** false: a batch never holds rows of two requests. */
  sharesBatches: z.boolean().optional(),
  /** Steps before and after the model: `{before: [{step: clip, from: x, low: 0}], after: [...]}`. */
  pipeline: pipeline.optional(),
  /** In place of a model file: other models and steps, `{inputs: [...], outputs: [...], nodes: [...]}`. */
  ensemble: ensemble.optional(),
});

const WITHOUT_A_FILE = ['inputs', 'outputs', 'pipeline', 'file', 'sharesBatches'] as const;

/** What an ensemble has no use for. */
function ensembleMisfits(written: z.output<typeof modelFile>): ConfigProblem[] {
  if (written.ensemble === undefined) return [];
  const given = (field: keyof typeof written) => written[field] !== undefined;
  return [
    ...WITHOUT_A_FILE.filter(given).map((field) => ({ message: `${field}: does not go with ensemble` })),
    ...EXECUTION_FIELDS.filter(given).map((field) => ({
      message: `${field}: an ensemble runs nothing itself, say it for its models`,
    })),
  ];
}

/** The content of a `config.yaml`, or everything that is wrong with it. */
export function parseModelFile(text: string): ModelFile | readonly ConfigProblem[] {
  const document = readYaml(text);
  if (!('raw' in document)) return document;
  const parsed = modelFile.safeParse(document.raw);
  if (!parsed.success) return problemsOf(parsed.error, modelFile, document);
  const misfits = ensembleMisfits(parsed.data);
  if (misfits.length > 0) return misfits.map((misfit) => withLine(misfit, document));
  const {
    versions,
    labels,
    defaultVersion,
    routing: shared,
    file,
    inputs,
    outputs,
    sharesBatches,
    ...others
  } = parsed.data;
  const { pipeline: steps, ensemble: parts, ...settings } = others;
  return {
    ...SILENT,
    settings,
    versions: versions ?? SILENT.versions,
    labels: labels ?? {},
    defaultVersion,
    routing: shared,
    file: file ?? SILENT.file,
    inputs: (inputs ?? []).map(withoutUndefined),
    outputs: (outputs ?? []).map(withoutUndefined),
    sharesBatches: sharesBatches ?? true,
    ...(steps === undefined ? {} : { pipeline: steps }),
    ...(parts === undefined ? {} : { ensemble: parts }),
  };
}

function withLine({ message }: ConfigProblem, document: ConfigDocument): ConfigProblem {
  const line = document.lineOf([message.slice(0, message.indexOf(':'))]);
  return line === undefined ? { message } : { message, line };
}

type Given<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], undefined> };

function withoutUndefined<Fields extends object>(declared: Fields): Given<Fields> {
  const given = Object.entries(declared).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Given<Fields>;
}

/**
 * The model's tensors as they are served: the file's, narrowed by what is declared. Or what does not fit, in a
 * sentence. Without declarations the file's own are served.
 */
export function fitDeclared(
  what: 'input' | 'output',
  declared: readonly DeclaredTensor[],
  found: readonly TensorSpec[],
): readonly TensorSpec[] | string {
  const misfits: string[] = [];
  for (const { name } of declared) {
    if (found.some((spec) => spec.name === name)) continue;
    misfits.push(`the model has no ${what} '${name}', it has ${found.map((spec) => spec.name).join(', ')}`);
  }
  const fitted = found.map((spec): TensorSpec => {
    const wanted = declared.find(({ name }) => name === spec.name);
    if (wanted?.datatype !== undefined && wanted.datatype !== spec.datatype) {
      misfits.push(
        `${what} '${spec.name}' is declared as ${wanted.datatype}, the model's is ${spec.datatype}`,
      );
    }
    if (wanted?.shape === undefined) return spec;
    const fits =
      wanted.shape.length === spec.shape.length &&
      spec.shape.every((size, axis) => axis === 0 || size === -1 || size === wanted.shape?.[axis]);
    if (!fits) {
      misfits.push(
        `${what} '${spec.name}' is declared with shape [${wanted.shape}], the model's is [${spec.shape}]`,
      );
    }
    // The rows stay the file's: a bound for them is maxRows.
    return { ...spec, shape: [spec.shape[0] ?? -1, ...wanted.shape.slice(1)] };
  });
  return misfits.length === 0 ? fitted : misfits.join('; ');
}
