import type { ModelConfig, ServerConfig } from '../config.ts';
import type { ModelCatalogue, ModelPlan } from './model-plan.ts';

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

function planOf({ name, source }: ModelConfig, config: ServerConfig): ModelPlan {
  const { instances, threads, provider, batching, queue } = config;
  const settings = { instances, threads, provider, batching, queue };
  const version = { name, version: '1', source, settings, fingerprint: source };
  return { name, versions: [version], labels: {}, notHonoured: [] };
}
