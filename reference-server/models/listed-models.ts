import type { ModelConfig, ServerConfig } from '../config.ts';
import { invalid, ServingError } from '../errors.ts';
import { settingsOf } from '../model-settings.ts';
import { filesNamed } from '../pipeline/declared-graph.ts';
import { readModelConfig } from './model-config-files.ts';
import type { WarmUpSample } from './model-file.ts';
import type { ConfigOverride, ModelCatalogue, ModelPlan, VersionPlan } from './model-plan.ts';
import { readStepFiles } from './step-files.ts';
import { chooseVersions, compareVersions, type VersionPolicy } from './version-policy.ts';
import { ZOO } from './zoo/zoo.ts';

/** The models that the server's own configuration lists, with the server's settings. */
export function listedModels(config: ServerConfig): ModelCatalogue {
  const listed = new Map(config.models.map((model) => [model.name, model]));
  return {
    names: async () => [...listed.keys()],
    plan: async (name, override) => {
      const model = listed.get(name);
      return model && planOf(model, config, policyOf(model, override));
    },
  };
}

/** Which versions run; a load request may say so too, and nothing else. */
function policyOf(
  { name, versions = 'all' }: ModelConfig,
  override: ConfigOverride | undefined,
): VersionPolicy {
  if (override === undefined) return versions;
  const read = readModelConfig(name, '', override);
  if ('problem' in read) throw invalid(read.problem);
  const named = Object.keys(JSON.parse(override.json) as object);
  const isPolicy = named.every((field) => field === 'name' || field === 'version_policy');
  if (!isPolicy || !named.includes('version_policy')) throw fixed(name);
  return read.file.versions;
}

function fixed(name: string): ServingError {
  const found = `model '${name}' is listed in the server's own configuration`;
  const allowed = "only a model of the repository's folder takes another, this one version_policy alone";
  return new ServingError('unsupported', `${found}: ${allowed}`);
}

function planOf(model: ModelConfig, config: ServerConfig, versionPolicy: VersionPolicy): ModelPlan {
  const { name, labels = {}, defaultVersion, routing } = model;
  const sources: ReadonlyMap<string, string> = new Map([
    ['1', model.source ?? ''],
    ...Object.entries(model.otherVersions ?? {}),
  ]);
  const available = [...sources.keys()].sort(compareVersions);
  const { versions, missing } = chooseVersions(versionPolicy, available);
  const problem = `model '${name}' has no version ${missing.join(', ')}, it has ${available.join(', ')}`;
  return {
    name,
    versions: versions.map((version) => versionPlan(model, version, sources.get(version) ?? '', config)),
    versionPolicy,
    labels,
    available,
    notHonoured: [],
    ...(defaultVersion === undefined ? {} : { defaultVersion }),
    ...(routing === undefined ? {} : { routing }),
    ...(missing.length === 0 ? {} : { problem }),
  };
}

function versionPlan(model: ModelConfig, version: string, source: string, config: ServerConfig): VersionPlan {
  const { pipeline, ensemble } = model;
  const settings = settingsOf(config, model);
  if ('problems' in settings) throw settings.problems;
  return {
    name: model.name,
    version,
    source,
    settings,
    sharesBatches: true,
    warmUp: warmUpOf(source, settings.batching.maxRows),
    limits: ZOO.find((model) => model.name === source)?.limits ?? {},
    classLabels: classLabelsOf(source),
    fingerprint: source,
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(ensemble === undefined ? {} : { ensemble }),
    ...stepFilesOf(model),
  };
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
