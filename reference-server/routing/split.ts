/** A version and how much of the requests it gets, in proportion to the others. */
export interface Weight {
  readonly version: string;
  /** From 0. */
  readonly weight: number;
}

/**
 * The version of the n-th request that has no key; undefined where no weight is above 0. The fractional parts of n times
 * the golden ratio fill the unit interval as evenly as any sequence can, so after n requests each version is within a few
 * of its share, at every n; and they have no period that a caller's own could meet.
 */
export function versionInTurn(weights: readonly Weight[], n: number): string | undefined {
  const total = sum(weights);
  if (total <= 0) return undefined;
  let left = ((n * GOLDEN_RATIO) % 1) * total;
  for (const { version, weight } of weights) {
    left -= weight;
    if (left < 0) return version;
  }
  // What is left is the error of the sums.
  return weights.findLast(({ weight }) => weight > 0)?.version;
}

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * The version of every request with this key; undefined where no weight is above 0. Weighted rendezvous hashing: each
 * version draws -ln(u) / weight with u from the key and itself, and the least draw wins, which happens in proportion to
 * the weights. A version's draw depends on its own weight alone: when one gets more, keys move to it and nowhere else,
 * when one is gone, only its keys move. `salt` keeps the choices of different models apart.
 */
export function versionOfKey(weights: readonly Weight[], key: string, salt: string): string | undefined {
  let chosen: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { version, weight } of weights) {
    if (weight <= 0) continue;
    const draw = -Math.log(unitHash(`${salt}\n${version}\n${key}`)) / weight;
    if (draw >= least) continue;
    least = draw;
    chosen = version;
  }
  return chosen;
}

function sum(weights: readonly Weight[]): number {
  return weights.reduce((total, { weight }) => total + weight, 0);
}

/** 52 bits of a text, as a number between 0 and 1, neither included: two chains of multiply and xor, each seeing all of it. */
function unitHash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  const bits = 2 ** 20 * (low >>> 0) + ((high >>> 0) % 2 ** 20);
  return (bits + 0.5) / 2 ** 52;
}
