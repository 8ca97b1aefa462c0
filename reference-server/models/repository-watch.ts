import type { Clock } from '../telemetry/timings.ts';
import type { ModelCatalogue } from './model-plan.ts';
import type { ModelRepository } from './repository.ts';

export interface WatchDeps {
  readonly catalogue: ModelCatalogue;
  readonly repository: ModelRepository;
  readonly clock: Clock;
  readonly pollMs: number;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
}

/**
 * Looks at the catalogue again and again, and lets the repository follow it: what is new is loaded, what has changed
 * is replaced, what is gone is unloaded. One look begins `pollMs` after the one before has ended. The answer stops it.
 */
export function watchCatalogue(deps: WatchDeps): () => void {
  let stopped = false;
  let cancel = () => {};
  const next = () => {
    cancel = deps.clock.after(deps.pollMs, () => {
      void look(deps).then(() => {
        if (!stopped) next();
      });
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Never rejects: a folder that cannot be read now is looked at again later, and what runs goes on. */
async function look({ catalogue, repository, log }: WatchDeps): Promise<void> {
  try {
    const names = await catalogue.names();
    const gone = repository.known().filter((name) => !names.includes(name));
    await Promise.all([
      ...names.map((name) => repository.reconcile(name)),
      ...gone.map((name) => repository.forget(name)),
    ]);
  } catch (error) {
    log('the models could not be looked at', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
