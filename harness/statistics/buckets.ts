import { JsHistogram } from 'hdr-histogram-js';
import { decompress } from './hdr-encoding.ts';

// The static method is attached at run time and missing from the package's declarations.
const jsBuild = JsHistogram as unknown as { decode(plain: Uint8Array): JsHistogram };

/**
 * The recorded counts of a histogram, frozen: only buckets that hold something, in rising order.
 * Needs neither WASM nor `destroy()`, so a report can read a record's histograms with it.
 * Values are recorded in whole microseconds and read in milliseconds, within 0.1 % (3 digits).
 */
export class Buckets {
  readonly count: number;
  /** Smallest and largest value (µs) that falls into bucket i, and how many values fell into buckets 0..i. */
  readonly #lowestUs: Float64Array;
  readonly #highestUs: Float64Array;
  readonly #cumulative: Float64Array;

  /** `plain`: the V2 encoding before compression. */
  constructor(plain: Uint8Array) {
    const source = jsBuild.decode(plain);
    const lowest: number[] = [];
    const highest: number[] = [];
    const cumulative: number[] = [];
    let total = 0;
    for (let index = 0; total < source.totalCount; index++) {
      const count = source.getCountAtIndex(index);
      if (count === 0) continue;
      const value = source.valueFromIndex(index);
      total += count;
      lowest.push(value);
      highest.push(source.highestEquivalentValue(value));
      cumulative.push(total);
    }
    this.count = total;
    this.#lowestUs = Float64Array.from(lowest);
    this.#highestUs = Float64Array.from(highest);
    this.#cumulative = Float64Array.from(cumulative);
  }

  /** From base64 of the standard V2 compressed encoding, as records carry it. */
  static decode(encoded: string): Buckets {
    return new Buckets(decompress(encoded));
  }

  /** The value of the rank-th smallest (1-based, clamped to 1..count); undefined when empty. */
  valueAtRankMs(rank: number): number | undefined {
    const clamped = Math.min(Math.max(rank, 1), this.count);
    const at = firstIndex(this.#cumulative, (through) => through >= clamped);
    const us = this.#highestUs[at];
    return us === undefined ? undefined : us / 1000;
  }

  /** `p` in 0..100; the value that at least p % of the values do not exceed. */
  percentileMs(p: number): number | undefined {
    return this.valueAtRankMs(rankOf(p, this.count));
  }

  /** Values in the bucket of `limitMs` itself count as at or below it. */
  countAtOrBelowMs(limitMs: number): number {
    const limitUs = Math.round(limitMs * 1000);
    const past = firstIndex(this.#lowestUs, (low) => low > limitUs);
    return past === 0 ? 0 : (this.#cumulative[past - 1] ?? 0);
  }

  countAboveMs(limitMs: number): number {
    return this.count - this.countAtOrBelowMs(limitMs);
  }

  maxMs(): number | undefined {
    return this.valueAtRankMs(this.count);
  }

  meanMs(): number | undefined {
    if (this.count === 0) return undefined;
    let sumUs = 0;
    this.each((lowUs, highUs, count) => {
      sumUs += ((lowUs + highUs) / 2) * count;
    });
    return sumUs / this.count / 1000;
  }

  each(visit: (lowestUs: number, highestUs: number, count: number) => void): void {
    let before = 0;
    this.#cumulative.forEach((through, index) => {
      visit(this.#lowestUs[index] ?? 0, this.#highestUs[index] ?? 0, through - before);
      before = through;
    });
  }
}

/** The 1-based rank of percentile `p` (0..100) among `count` values: the least r with r / count >= p / 100. */
export function rankOf(p: number, count: number): number {
  // 99.9 / 100 * 1000 is 999.0000000000001: what lies within rounding of a whole rank is that rank.
  return Math.max(1, Math.ceil((p / 100) * count * (1 - 4 * Number.EPSILON)));
}

/** First index whose value satisfies the (monotone) condition; `values.length` when none does. */
function firstIndex(values: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
