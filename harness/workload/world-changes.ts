import { drawAt } from './indexed-draws.ts';

/**
 * When what lies behind each payload changes (a price, a stock, a feature): for each by itself, at the instants of a
 * Poisson process, on average once in `everyMs`. A pure function of the salt and the payload's key, so that any number of
 * generators see the same world, and nothing is kept.
 *
 *     time   | cell 0       | cell 1       | cell 2       |     cells are `everyMs` long: as many changes as a Poisson
 *     changes|     x        |              |  x     x     |     draw of mean 1 says, each anywhere in its cell
 */
export class WorldChanges {
  readonly #everyMs: number;
  readonly #salt: number;

  constructor(everyMs: number, salt: number) {
    this.#everyMs = everyMs;
    this.#salt = salt;
  }

  /** Whether there was a change after `fromMs` and not after `untilMs`. Allocates nothing. */
  changed(key: number, fromMs: number, untilMs: number): boolean {
    const from = fromMs / this.#everyMs;
    const until = untilMs / this.#everyMs;
    for (let cell = Math.floor(until); cell >= Math.floor(from); cell--) {
      if (this.#changedIn(cell, key, from, until)) return true;
    }
    return false;
  }

  /** Times in cells. */
  #changedIn(cell: number, key: number, from: number, until: number): boolean {
    const salt = this.#salt ^ Math.imul(cell, 0x9e3779b1);
    const changes = poissonOfMean1(drawAt(salt, key));
    for (let change = 1; change <= changes; change++) {
      const at = cell + drawAt(salt + Math.imul(change, 0x85ebca6b), key);
      if (at > from && at <= until) return true;
    }
    return false;
  }
}

/** The least n whose cumulative probability, the sum of e^-1 / k! to k = n, is above the draw. */
function poissonOfMean1(draw: number): number {
  let n = 0;
  let mass = Math.exp(-1);
  for (let rest = draw - mass; rest >= 0 && n < MOST; rest -= mass) {
    n += 1;
    mass /= n;
  }
  return n;
}

/** More have a probability below 10^-18. */
const MOST = 19;
