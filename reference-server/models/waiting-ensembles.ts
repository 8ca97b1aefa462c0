import { ServingError } from '../errors.ts';

/** Which ensembles wait for which models while they are loaded: two that need one another would wait for ever. */
export class WaitingEnsembles {
  readonly #waits = new Map<string, Set<string>>();

  /** Does `work` while `ensemble` waits for `model`. Rejects with a ServingError where that one waits for it as well. */
  async during<Result>(ensemble: string, model: string, work: () => Promise<Result>): Promise<Result> {
    const waits = this.#waits.get(ensemble) ?? new Set();
    this.#waits.set(ensemble, waits.add(model));
    try {
      if (this.#leadsTo(model, ensemble)) {
        throw new ServingError('invalid', `'${ensemble}' and '${model}' need one another`);
      }
      return await work();
    } finally {
      waits.delete(model);
      if (waits.size === 0) this.#waits.delete(ensemble);
    }
  }

  #leadsTo(from: string, to: string): boolean {
    if (from === to) return true;
    return [...(this.#waits.get(from) ?? [])].some((next) => this.#leadsTo(next, to));
  }
}
