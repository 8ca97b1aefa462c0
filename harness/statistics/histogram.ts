import { Buckets, rankOf } from './buckets.ts';
import { compress, decompress, encodeCounts, layoutOf } from './hdr-encoding.ts';
import { BUCKETS, bucketOf, HIGHEST_US, highestOf, lowestOf } from './hdr-layout.ts';

/** What lies above is clamped to it and counted. */
export const HIGHEST_MS = HIGHEST_US / 1000;
const LOWEST_US = 1;
const DIGITS = 3;
const LAYOUT = { lowest: LOWEST_US, highest: HIGHEST_US, digits: DIGITS };

let live = 0;

/** How many histograms were made in this thread and not destroyed: each holds 94 kB outside the heap. */
export function liveHistograms(): number {
  return live;
}

/** Whole microseconds, as histograms count them. */
export function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

/**
 * Times in milliseconds, kept as whole microseconds in the buckets of an HdrHistogram: 3 digits, 0 to 1 hour, fixed
 * memory. Recording costs a few nanoseconds, allocates nothing and never throws. `destroy()` when done.
 */
export class Histogram {
  #counts = new Uint32Array(BUCKETS);
  #count = 0;
  /** No bucket from here on holds anything. */
  #end = 0;
  #negative = 0;
  #aboveRange = 0;
  #maxUs = 0;

  constructor() {
    live += 1;
  }

  /** From base64 of the standard V2 compressed encoding, of this or another tool (values in microseconds). */
  static decode(encoded: string): Histogram {
    const plain = decompress(encoded);
    const { lowest, highest, digits } = layoutOf(plain);
    const isOurs = lowest === LOWEST_US && highest === HIGHEST_US && digits === DIGITS;
    const histogram = new Histogram();
    new Buckets(plain).each((_, highestUs, count) => {
      histogram.#record(isOurs ? Math.min(highestUs, HIGHEST_US) : highestUs, count);
    });
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** Values below 0 (or NaN) that were recorded as 0. Not 0 = a bug of the caller. Not part of the encoding. */
  get negative(): number {
    return this.#negative;
  }

  /** Values above an hour that were recorded as an hour: the maximum then reads `> 1 h`. Not part of the encoding. */
  get aboveRange(): number {
    return this.#aboveRange;
  }

  recordMs(valueMs: number): void {
    this.record(microseconds(valueMs));
  }

  /** A whole number of microseconds: an integer, so that V8 need not box it on its way here. */
  record(us: number): void {
    if (!(us >= 0 && us <= HIGHEST_US)) {
      this.#record(us, 1);
      return;
    }
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (bucket >= this.#end) this.#end = bucket + 1;
    if (us > this.#maxUs) this.#maxUs = us;
    this.#count += 1;
  }

  /** Adds the other's values and its counts of clamped values; the other is unchanged. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < other.#end; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    }
    this.#end = Math.max(this.#end, other.#end);
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
    this.#count += other.#count;
    this.#negative += other.#negative;
    this.#aboveRange += other.#aboveRange;
  }

  /** `p` in 0..100; the value that at least p % of the values do not exceed. Undefined when empty. */
  percentileMs(p: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = rankOf(p, this.#count);
    let through = 0;
    let bucket = 0;
    for (; bucket < this.#end; bucket++) {
      through += this.#counts[bucket] ?? 0;
      if (through >= rank) break;
    }
    return highestOf(bucket) / 1000;
  }

  meanMs(): number | undefined {
    if (this.#count === 0) return undefined;
    let sumUs = 0;
    for (let bucket = 0; bucket < this.#end; bucket++) {
      sumUs += ((lowestOf(bucket) + highestOf(bucket)) / 2) * (this.#counts[bucket] ?? 0);
    }
    return sumUs / this.#count / 1000;
  }

  maxMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#maxUs / 1000;
  }

  countAtOrBelowMs(limitMs: number): number {
    return this.buckets().countAtOrBelowMs(limitMs);
  }

  countAboveMs(limitMs: number): number {
    return this.buckets().countAboveMs(limitMs);
  }

  /** A frozen copy of the counts, for ranks and sums. Not for a hot path. */
  buckets(): Buckets {
    return new Buckets(this.#plain());
  }

  /** Base64 of the standard HdrHistogram V2 compressed encoding, values in microseconds. Not for a hot path. */
  encode(): string {
    return compress(this.#plain());
  }

  reset(): void {
    this.#counts.fill(0, 0, this.#end);
    this.#end = 0;
    this.#count = 0;
    this.#negative = 0;
    this.#aboveRange = 0;
    this.#maxUs = 0;
  }

  /** Lets the memory go; a second call does nothing. It holds nothing any more. */
  destroy(): void {
    if (this.#counts.length === 0) return;
    live -= 1;
    this.reset();
    this.#counts = new Uint32Array(0);
  }

  #record(us: number, times: number): void {
    let kept = us;
    if (!(us >= 0)) {
      this.#negative += times;
      kept = 0;
    } else if (us > HIGHEST_US) {
      this.#aboveRange += times;
      kept = HIGHEST_US;
    }
    const bucket = bucketOf(kept);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
    if (bucket >= this.#end) this.#end = bucket + 1;
    if (kept > this.#maxUs) this.#maxUs = kept;
    this.#count += times;
  }

  #plain(): Uint8Array {
    return encodeCounts(this.#counts.subarray(0, this.#end), LAYOUT);
  }
}
