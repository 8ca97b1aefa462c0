import type { ModelConfig, ServerConfig } from '../config.ts';
import { settingsOf } from '../model-settings.ts';
import type { ModelCatalogue, ModelPlan, VersionPlan } from './model-plan.ts';
import { ZOO } from './zoo/zoo.ts';

/** The models that the server's own configuration lists, each in one version, with the server's settings. */
export function listedModels(config: ServerConfig): ModelCatalogue {
  const listed = new Map(config.models.map((model) => [model.name, model]));
  return {
    names: async () => [...listed.keys()],
    plan: async (name) => {
      const model = listed.get(name);
      return model && planOf(model, config);
    },
  };
}

function planOf(model: ModelConfig, config: ServerConfig): ModelPlan {
  const { name, source } = model;
  const settings = settingsOf(config, model);
  if ('problems' in settings) throw settings.problems;
  const version: VersionPlan = {
    name,
    version: '1',
    source,
    settings,
    sharesBatches: true,
    warmUp: [],
    classLabels: classLabelsOf(source),
    fingerprint: source,
  };
  return { name, versions: [version], versionPolicy: { latest: 1 }, labels: {}, notHonoured: [] };
}

function classLabelsOf(source: string): Readonly<Record<string, readonly string[]>> {
  const bundled = ZOO.find((model) => model.name === source);
  const [output] = bundled?.outputs ?? [];
  return bundled?.labels === undefined || output === undefined ? {} : { [output.name]: bundled.labels };
}
