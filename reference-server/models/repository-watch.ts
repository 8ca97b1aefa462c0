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

/** Never rejects: what cannot be read now is looked at again later, and what runs goes on. */
async function look({ catalogue, repository, log }: WatchDeps): Promise<void> {
  const failed = (what: string) => (error: unknown) => {
    log(what, { reason: error instanceof Error ? error.message : String(error) });
  };
  const names = await catalogue.names().catch(failed('the models could not be listed'));
  if (names === undefined) return;
  const gone = repository.known().filter((name) => !names.includes(name));
  // One that vanishes between the list and the look at it is gone at the next look.
  await Promise.all([
    ...names.map((name) => repository.reconcile(name).catch(failed('a model could not be looked at'))),
    ...gone.map((name) => repository.forget(name).catch(failed('a model could not be unloaded'))),
  ]);
}
