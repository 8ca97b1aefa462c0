import { ServingError } from '../errors.ts';
import type { DoorCounts } from './door-counts.ts';

export interface ConcurrencyLimits {
  /** Of all callers together; 0: any number. */
  readonly concurrent: number;
  /** Of each; 0: any number. */
  readonly concurrentPerCaller: number;
}

/** Counts the requests that are being served, and refuses those beyond the limits. */
export class ConcurrencyGate {
  readonly #limits: ConcurrencyLimits;
  readonly #counts: Pick<DoorCounts, 'too-many' | 'too-many-of-caller'>;
  readonly #byCaller = new Map<string, number>();
  #inside = 0;

  constructor(limits: ConcurrencyLimits, counts: Pick<DoorCounts, 'too-many' | 'too-many-of-caller'>) {
    this.#limits = limits;
    this.#counts = counts;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Callers that have a request inside. */
  get callers(): number {
    return this.#byCaller.size;
  }

  /**
   * Serves a request if there is room for it; `caller` is only asked where callers are told apart. Rejects with a
   * ServingError where there is none: `too-many` for this caller's requests, `unavailable` for those of all.
   */
  through<Served>(caller: () => string, serve: () => Promise<Served>): Promise<Served> {
    const { concurrent, concurrentPerCaller } = this.#limits;
    if (concurrent === 0 && concurrentPerCaller === 0) return serve();
    return this.#limited(concurrentPerCaller === 0 ? '' : caller(), serve);
  }

  async #limited<Served>(who: string, serve: () => Promise<Served>): Promise<Served> {
    this.#enter(who);
    try {
      return await serve();
    } finally {
      this.#leave(who);
    }
  }

  #enter(caller: string): void {
    const { concurrent, concurrentPerCaller } = this.#limits;
    const own = this.#byCaller.get(caller) ?? 0;
    if (concurrentPerCaller > 0 && own >= concurrentPerCaller) {
      this.#counts['too-many-of-caller']++;
      throw new ServingError('too-many', `at most ${concurrentPerCaller} requests of one caller at a time`);
    }
    if (concurrent > 0 && this.#inside >= concurrent) {
      this.#counts['too-many']++;
      throw new ServingError('unavailable', `at most ${concurrent} requests at a time`);
    }
    this.#inside++;
    this.#byCaller.set(caller, own + 1);
  }

  #leave(caller: string): void {
    this.#inside--;
    const own = (this.#byCaller.get(caller) ?? 0) - 1;
    if (own > 0) this.#byCaller.set(caller, own);
    else this.#byCaller.delete(caller);
  }
}
