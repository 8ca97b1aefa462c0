import { ServingError } from '../errors.ts';
import { MODEL_VERSION, type ServedModel } from './served-model.ts';

/** The models that this server serves, by name. */
export class ModelRepository {
  readonly #models: ReadonlyMap<string, ServedModel>;

  constructor(models: readonly ServedModel[]) {
    this.#models = new Map(models.map((model) => [model.signature.name, model]));
  }

  all(): readonly ServedModel[] {
    return [...this.#models.values()];
  }

  /** The model, or a 404 that says which there are. */
  find(name: string, version: string | undefined): ServedModel {
    const model = this.#models.get(name);
    if (model === undefined) {
      const known = [...this.#models.keys()].join(', ');
      throw new ServingError('not-found', `unknown model '${name}', this server has: ${known}`);
    }
    if (version !== undefined && version !== MODEL_VERSION) {
      const found = `unknown version '${version}' of model '${name}'`;
      throw new ServingError('not-found', `${found}, there is only version ${MODEL_VERSION}`);
    }
    return model;
  }

  ready(): boolean {
    return this.all().every((model) => model.ready());
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((model) => model.close()));
  }
}
