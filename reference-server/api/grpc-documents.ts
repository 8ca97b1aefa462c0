import { ServingError } from '../errors.ts';
import type { VersionCounters } from '../models/repository-entry.ts';
import type { ServedModel } from '../models/served-model.ts';
import type { GrpcService } from './grpc-service.ts';
import { modelConfig, modelMetadata, modelStatistics } from './model-documents.ts';
import { serverMetadata } from './server-metadata.ts';

export type Asked = Readonly<Record<string, unknown>>;

/** The answers of the unary methods that are documents: the same as those of the REST door, in protobuf. */
export const DOCUMENTS: Readonly<Record<string, (asked: Asked, service: GrpcService) => object>> = {
  ServerLive: () => ({ live: true }),
  ServerReady: (_, service) => ({ ready: isReady(service) }),
  ModelReady: (asked, service) => ({ ready: isModelReady(asked, service) }),
  ServerMetadata: (_, { version }) => serverMetadata(version),
  ModelMetadata: (asked, service) => {
    const versions = service.models.versionsOf(nameOf(asked)).map(({ version }) => version);
    const document = modelMetadata(modelOf(asked, service), versions);
    return { ...document, inputs: document.inputs.map(withParameters) };
  },
  ModelConfig: (asked, service) => {
    const { models } = service;
    const name = nameOf(asked);
    return { config: modelConfig(modelOf(asked, service), models.planOf(name), models.routingOf(name)) };
  },
  ModelStatistics: (asked, service) => ({ model_stats: counted(asked, service).map(modelStatistics) }),
};

/** Parameters are texts in the document, and one of several kinds in the message. */
function withParameters<Input extends object>(input: Input & { readonly parameters?: object }) {
  const texts = Object.entries(input.parameters ?? {});
  return {
    ...input,
    parameters: Object.fromEntries(texts.map(([name, text]) => [name, { string_param: text }])),
  };
}

export function isReady({ models, draining }: GrpcService): boolean {
  return !draining() && models.ready();
}

function isModelReady(asked: Asked, service: GrpcService): boolean {
  try {
    return !service.draining() && modelOf(asked, service).ready();
  } catch (error) {
    // It is known, and not loaded.
    if (error instanceof ServingError && error.kind === 'unavailable') return false;
    throw error;
  }
}

/** Without a name: all models; without a version: every one that runs, or ran. */
function counted(asked: Asked, service: GrpcService): readonly VersionCounters[] {
  if (asked.name === '') return service.models.allCounters();
  return asked.version === '' ? service.models.countersOf(nameOf(asked)) : [modelOf(asked, service)];
}

function modelOf(asked: Asked, { models }: GrpcService): ServedModel {
  return models.find(nameOf(asked), String(asked.version));
}

function nameOf({ name }: Asked): string {
  return String(name);
}
