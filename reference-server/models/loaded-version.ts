import type { Clock } from '../telemetry/timings.ts';
import type { VersionPlan } from './model-plan.ts';
import type { ServedModel } from './served-model.ts';

/**
 * The right to use one version of a model for one request. Whoever leases must release, once, however the request
 * ends: an unload waits for it. One object serves all leases of its version, so that leasing allocates nothing.
 */
export interface ModelLease {
  readonly model: ServedModel;
  release(): void;
}

/** A version that runs, with the number of requests that are using it. */
export class LoadedVersion implements ModelLease {
  readonly plan: VersionPlan;
  readonly model: ServedModel;
  #leases = 0;
  #onIdle: (() => void) | undefined;

  constructor(plan: VersionPlan, model: ServedModel) {
    this.plan = plan;
    this.model = model;
  }

  get leases(): number {
    return this.#leases;
  }

  lease(): ModelLease {
    this.#leases++;
    return this;
  }

  release(): void {
    if (this.#leases === 0) throw new Error('a lease was released twice');
    this.#leases--;
    if (this.#leases === 0) this.#onIdle?.();
  }

  /**
   * Ends the version once nobody uses it, or after `atMostMs`: what still waits is then refused, what runs is
   * finished. To be called when no further lease can be given.
   */
  async retire(clock: Clock, atMostMs: number): Promise<void> {
    if (this.#leases > 0) {
      await new Promise<void>((resolve) => {
        const giveUp = clock.after(atMostMs, resolve);
        this.#onIdle = () => {
          giveUp();
          resolve();
        };
      });
    }
    await this.model.close();
  }
}
