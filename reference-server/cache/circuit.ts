export interface CircuitLimits {
  /** One after the other, until it opens. */
  readonly failures: number;
  /** How long nothing is asked then, and between two tries. */
  readonly restMs: number;
}

/**
 * Decides whether somebody who has failed again and again is asked once more: closed, always; open, one try after each
 * rest, and the first success closes it. The instant is the caller's to say.
 */
export class Circuit {
  readonly #limits: CircuitLimits;
  #failures = 0;
  #restsUntilMs = 0;

  constructor(limits: CircuitLimits) {
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#limits.failures;
  }

  /** To be called once for each try: an open circuit lets one through, and the next only after another rest. */
  lets(nowMs: number): boolean {
    if (!this.isOpen) return true;
    if (nowMs < this.#restsUntilMs) return false;
    this.#restsUntilMs = nowMs + this.#limits.restMs;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    this.#failures++;
    if (this.isOpen) this.#restsUntilMs = nowMs + this.#limits.restMs;
  }
}
