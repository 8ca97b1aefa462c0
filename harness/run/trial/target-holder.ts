import type { TargetSpec } from '../../scenario/target-spec.ts';
import type { RunningTarget, Target } from '../../targets/target.ts';

/** Keeps at most one target running: the one that the next trial needs. */
export class TargetHolder {
  readonly #make: (spec: TargetSpec) => Target;
  #key = '';
  #running: RunningTarget | undefined;

  constructor(make: (spec: TargetSpec) => Target) {
    this.#make = make;
  }

  /** The target for `spec`: the running one if it is the same, else a new one after the old has stopped. */
  async use(spec: TargetSpec): Promise<RunningTarget> {
    const key = JSON.stringify(spec);
    if (this.#running !== undefined && key === this.#key) return this.#running;
    await this.stop();
    this.#running = await this.#make(spec).start();
    this.#key = key;
    return this.#running;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }
}
