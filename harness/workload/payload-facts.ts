import type { WorkloadSpec } from '../scenario/workload-spec.ts';
import { classChoice, classesOf, popularityOfClass } from './create-workload.ts';
import type { RandomStreams } from './synthetic.ts';

/** How much of one class was asked before; what a cache without limits could have answered. */
export interface PayloadFacts {
  /** Scheduled in the measure phase. */
  readonly requests: number;
  /** Different payloads among them. */
  readonly different: number;
  /** Those whose payload had been scheduled before in the same trial, its warm-up included. */
  readonly repeats: number;
  /** What the popularity lets expect of `repeats`. */
  readonly expectedRepeats: number;
  /** Share of the most popular payload, by the law. */
  readonly topShare: number;
}

export interface PayloadRange {
  /** How many payloads each class has; null: none comes twice. */
  readonly keys: readonly (number | null)[];
  /** Arrivals of the warm-up, which come first, and of the measure phase. */
  readonly warmup: number;
  readonly measured: number;
}

/** Found again after the run from seed and index, so that nothing has to be counted during it. One entry a class. */
export function payloadFacts(
  spec: WorkloadSpec,
  { keys, warmup, measured }: PayloadRange,
  randomStreams: RandomStreams,
): PayloadFacts[] {
  const classes = classesOf(spec);
  const counters = classes.map((one, position) => {
    const available = keys[position] ?? undefined;
    return new KeyCounter(popularityOfClass(one, position, available, randomStreams), available);
  });
  const classOf = classChoice(classes, randomStreams);
  for (let index = 0; index < warmup + measured; index++) {
    counters[classOf(index)]?.add(index, index >= warmup);
  }
  return counters.map((counter) => counter.facts());
}

/** Two bits a key: seen at all, seen in the measure phase. */
class KeyCounter {
  readonly #popularity: ReturnType<typeof popularityOfClass>;
  readonly #seen: Uint8Array;
  readonly #seenMeasured: Uint8Array;
  #before = 0;
  #requests = 0;
  #different = 0;
  #repeats = 0;

  constructor(popularity: ReturnType<typeof popularityOfClass>, keys: number | undefined) {
    this.#popularity = popularity;
    this.#seen = new Uint8Array(Math.ceil((keys ?? 0) / 8));
    this.#seenMeasured = new Uint8Array(this.#seen.length);
  }

  add(index: number, measured: boolean): void {
    if (measured) this.#requests += 1;
    else this.#before += 1;
    if (this.#seen.length === 0) {
      if (measured) this.#different += 1;
      return;
    }
    const key = this.#popularity.keyOf(index);
    const before = mark(this.#seen, key);
    if (!measured) return;
    if (before) this.#repeats += 1;
    if (!mark(this.#seenMeasured, key)) this.#different += 1;
  }

  facts(): PayloadFacts {
    const { topShare, expectedRepeats } = this.#popularity;
    const until = (requests: number) => requests * expectedRepeats(requests);
    return {
      requests: this.#requests,
      different: this.#different,
      repeats: this.#repeats,
      expectedRepeats: until(this.#before + this.#requests) - until(this.#before),
      topShare,
    };
  }
}

/** Sets the key's bit; true when it was set before. */
function mark(bits: Uint8Array, key: number): boolean {
  const [at, bit] = [key >>> 3, 1 << (key & 7)];
  const byte = bits[at] ?? 0;
  bits[at] = byte | bit;
  return (byte & bit) !== 0;
}
