import { drawAt } from './indexed-draws.ts';

/**
 * Ranks 0 … keys - 1 with P(rank) proportional to (rank + 1)^-s, exactly, for any s >= 0: rejection-inversion
 * (Hörmann and Derflinger, ACM TOMACS 6(3), 1996). Constant time and memory for any number of keys; about one draw in
 * ten is rejected and drawn again from another stream of the same index.
 */
export class ZipfRanks {
  readonly #keys: number;
  readonly #s: number;
  readonly #salt: number;
  readonly #first: number;
  readonly #last: number;
  readonly #squeeze: number;

  constructor(keys: number, s: number, salt: number) {
    this.#keys = keys;
    this.#s = s;
    this.#salt = salt;
    this.#first = this.#integral(1.5) - 1;
    this.#last = this.#integral(keys + 0.5);
    this.#squeeze = 2 - this.#inverse(this.#integral(2.5) - this.#density(2));
  }

  at(index: number): number {
    for (let attempt = 0; ; attempt++) {
      const draw = drawAt(this.#salt ^ Math.imul(attempt, 0x9e3779b1), index);
      const under = this.#last + draw * (this.#first - this.#last);
      const x = this.#inverse(under);
      const rank = Math.min(this.#keys, Math.max(1, Math.floor(x + 0.5)));
      if (rank - x <= this.#squeeze || under >= this.#integral(rank + 0.5) - this.#density(rank)) {
        return rank - 1;
      }
    }
  }

  #density(x: number): number {
    return Math.exp(-this.#s * Math.log(x));
  }

  /** Of the density from 1 to x: (x^(1 - s) - 1) / (1 - s), log x where s = 1. */
  #integral(x: number): number {
    const log = Math.log(x);
    const power = (1 - this.#s) * log;
    return Math.abs(power) < 1e-8 ? log * (1 + power / 2) : (Math.expm1(power) / power) * log;
  }

  #inverse(area: number): number {
    const power = Math.max(-1, area * (1 - this.#s));
    return Math.abs(power) < 1e-8
      ? Math.exp(area * (1 - power / 2))
      : Math.exp((Math.log1p(power) / power) * area);
  }
}

/** Sum of k^-s for k = from … to, beyond the first 10,000 terms by the midpoint rule (relative error below 1e-9). */
export function zipfMass(from: number, to: number, s: number): number {
  const exact = Math.min(to, from + 9999);
  let sum = 0;
  for (let k = from; k <= exact; k++) sum += k ** -s;
  if (exact >= to) return sum;
  const [a, b] = [exact + 0.5, to + 0.5];
  return sum + (s === 1 ? Math.log(b / a) : (b ** (1 - s) - a ** (1 - s)) / (1 - s));
}
