import type { ModelConfig, ServerConfig } from '../config.ts';
import { ServingError } from '../errors.ts';
import { settingsOf } from '../model-settings.ts';
import { filesNamed } from '../pipeline/declared-graph.ts';
import type { WarmUpSample } from './model-file.ts';
import type { ModelCatalogue, ModelPlan, VersionPlan } from './model-plan.ts';
import { readStepFiles } from './step-files.ts';
import { ZOO } from './zoo/zoo.ts';

/** The models that the server's own configuration lists, each in one version, with the server's settings. */
export function listedModels(config: ServerConfig): ModelCatalogue {
  const listed = new Map(config.models.map((model) => [model.name, model]));
  return {
    names: async () => [...listed.keys()],
    plan: async (name, override) => {
      const model = listed.get(name);
      if (model !== undefined && override !== undefined) throw fixed(name);
      return model && planOf(model, config);
    },
  };
}

function fixed(name: string): ServingError {
  const found = `model '${name}' is listed in the server's own configuration`;
  return new ServingError('unsupported', `${found}: only a model of the repository's folder takes another`);
}

function planOf(model: ModelConfig, config: ServerConfig): ModelPlan {
  const { name, source = '', pipeline, ensemble } = model;
  const settings = settingsOf(config, model);
  if ('problems' in settings) throw settings.problems;
  const version: VersionPlan = {
    name,
    version: '1',
    source,
    settings,
    sharesBatches: true,
    warmUp: warmUpOf(source, settings.batching.maxRows),
    classLabels: classLabelsOf(source),
    fingerprint: source,
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(ensemble === undefined ? {} : { ensemble }),
    ...stepFilesOf(model),
  };
  return { name, versions: [version], versionPolicy: { latest: 1 }, labels: {}, notHonoured: [] };
}

/** Their names are paths from the working folder on, as the paths of models are. */
function stepFilesOf({ pipeline, ensemble }: ModelConfig): Pick<VersionPlan, 'files' | 'problem'> {
  const steps = [...(pipeline?.before ?? []), ...(pipeline?.after ?? []), ...(ensemble?.nodes ?? [])];
  const files = readStepFiles('.', filesNamed(steps));
  return typeof files === 'string' ? { problem: files } : { files };
}

/**
 * An instance warms up every batch size by itself where all dimensions but the rows are fixed. Where they are not, one
 * of ordinary size stands for all.
 */
function warmUpOf(source: string, maxRows: number): WarmUpSample[] {
  const bundled = ZOO.find((model) => model.name === source);
  const { examples = {} } = bundled ?? {};
  const inputs = (bundled?.inputs ?? []).flatMap((input) => {
    const example = examples[input.name];
    return example === undefined ? [] : [{ ...input, shape: example.shape, fill: 'zeros' as const }];
  });
  if (inputs.length === 0) return [];
  const sizes: number[] = [];
  for (let rows = 1; rows < maxRows; rows *= 2) sizes.push(rows);
  return [...sizes, maxRows].map((rows) => ({ name: `${rows} rows`, rows, times: 1, inputs }));
}

function classLabelsOf(source: string): Readonly<Record<string, readonly string[]>> {
  const bundled = ZOO.find((model) => model.name === source);
  const [output] = bundled?.outputs ?? [];
  return bundled?.labels === undefined || output === undefined ? {} : { [output.name]: bundled.labels };
}
