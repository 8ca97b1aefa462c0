import { build, initWebAssembly, WasmHistogram } from 'hdr-histogram-js';
import { Buckets } from './buckets.ts';
import { compress, decompress, layoutOf } from './hdr-encoding.ts';

const LOWEST_US = 1;
/** One hour. What lies above is clamped to it and counted. */
export const HIGHEST_MS = 3_600_000;
const HIGHEST_US = HIGHEST_MS * 1000;
const DIGITS = 3;

let ready: Promise<void> | undefined;
let live = 0;

/** Loads the WASM build. Every thread has a module instance of its own, so every thread awaits this once. */
export function readyHistograms(): Promise<void> {
  ready ??= initWebAssembly();
  return ready;
}

/** How many histograms were made in this thread and not destroyed: each holds about 100 kB outside the heap. */
export function liveHistograms(): number {
  return live;
}

/**
 * Times in milliseconds, kept as whole microseconds in an HdrHistogram: 3 digits, 0 to 1 hour, fixed memory.
 * Recording costs tens of nanoseconds, allocates nothing and never throws. `destroy()` when done.
 */
export class Histogram {
  readonly #wasm: WasmHistogram;
  #destroyed = false;
  #negative = 0;
  #aboveRange = 0;

  /** `readyHistograms()` must have resolved in this thread. */
  constructor(wasm: WasmHistogram = emptyWasm()) {
    this.#wasm = wasm;
    live += 1;
  }

  /** From base64 of the standard V2 compressed encoding, of this or another tool (values in microseconds). */
  static decode(encoded: string): Histogram {
    const plain = decompress(encoded);
    const { lowest, highest, digits } = layoutOf(plain);
    if (lowest === LOWEST_US && highest === HIGHEST_US && digits === DIGITS) {
      return new Histogram(WasmHistogram.decode(plain, 32) as WasmHistogram);
    }
    const histogram = new Histogram();
    new Buckets(plain).each((_, highestUs, count) => {
      histogram.#record(highestUs, count);
    });
    return histogram;
  }

  get count(): number {
    return this.#wasm.totalCount;
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
    const us = Math.round(valueMs * 1000);
    if (us >= 0 && us <= HIGHEST_US) this.#wasm.recordValue(us);
    else this.#record(us, 1);
  }

  /** Adds the other's values and its counts of clamped values; the other is unchanged. */
  merge(other: Histogram): void {
    this.#wasm.add(other.#wasm);
    this.#negative += other.#negative;
    this.#aboveRange += other.#aboveRange;
  }

  /** `p` in 0..100; the value that at least p % of the values do not exceed. Undefined when empty. */
  percentileMs(p: number): number | undefined {
    return this.count === 0 ? undefined : this.#wasm.getValueAtPercentile(p) / 1000;
  }

  meanMs(): number | undefined {
    return this.count === 0 ? undefined : this.#wasm.mean / 1000;
  }

  maxMs(): number | undefined {
    return this.count === 0 ? undefined : this.#wasm.maxValue / 1000;
  }

  countAtOrBelowMs(limitMs: number): number {
    return this.buckets().countAtOrBelowMs(limitMs);
  }

  countAboveMs(limitMs: number): number {
    return this.buckets().countAboveMs(limitMs);
  }

  /** A frozen copy of the counts for ranks and sums, which the WASM build lacks. About 0.3 ms: not for a hot path. */
  buckets(): Buckets {
    return new Buckets(this.#wasm.encode());
  }

  /** Base64 of the standard HdrHistogram V2 compressed encoding, values in microseconds. About 0.3 ms. */
  encode(): string {
    return compress(this.#wasm.encode());
  }

  reset(): void {
    this.#wasm.reset();
    this.#negative = 0;
    this.#aboveRange = 0;
  }

  /** Frees the memory; a second call does nothing. Any other use after it throws. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    live -= 1;
    this.#wasm.destroy();
  }

  /** The clamping path; the WASM build would throw on each of these values. */
  #record(us: number, times: number): void {
    if (!(us >= 0)) this.#negative += times;
    else if (us > HIGHEST_US) this.#aboveRange += times;
    this.#wasm.recordValueWithCount(us >= 0 ? Math.min(us, HIGHEST_US) : 0, times);
  }
}

function emptyWasm(): WasmHistogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: LOWEST_US,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: DIGITS,
    autoResize: false,
    useWebAssembly: true,
  }) as WasmHistogram;
}
