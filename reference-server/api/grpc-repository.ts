import { ServingError } from '../errors.ts';
import type { Asked } from './grpc-documents.ts';
import type { GrpcService } from './grpc-service.ts';
import { overrideFrom, unloadsParts } from './repository-routes.ts';

/** The model repository extension: what the REST door does, from the same parameters. */
export const REPOSITORY: Readonly<Record<string, (asked: Asked, service: GrpcService) => Promise<object>>> = {
  async RepositoryIndex(asked, { models }) {
    refuseNamed(asked);
    return { models: await models.index(asked.ready === true) };
  },
  async RepositoryModelLoad(asked, { models }) {
    refuseNamed(asked);
    await models.load(String(asked.model_name), overrideFrom(parametersOf(asked)));
    return {};
  },
  async RepositoryModelUnload(asked, { models }) {
    refuseNamed(asked);
    await models.unload(String(asked.model_name), unloadsParts(parametersOf(asked)));
    return {};
  },
};

function refuseNamed({ repository_name: name }: Asked): void {
  if (name === '') return;
  throw new ServingError('unsupported', 'there is one repository, which has no name');
}

/** The value of each, whichever kind it is of. */
function parametersOf({ parameters }: Asked): Readonly<Record<string, unknown>> {
  const choices = Object.entries(parameters as Readonly<Record<string, object>>);
  return Object.fromEntries(choices.map(([name, choice]) => [name, Object.values(choice)[0]]));
}
