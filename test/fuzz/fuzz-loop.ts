import { type Random, seededRandom } from '../../harness/load/random.ts';

/** Something that is fed bytes. One a thread. */
export interface Subject {
  readonly name: string;
  /** One case, wholly determined by the random stream. Throws when something is wrong; answers with what became of it. */
  run(random: Random): string;
  /** The bytes of a case, for looking at. */
  example(random: Random): readonly Buffer[];
  close(): void;
}

export interface Slice {
  readonly seed: number;
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

export interface Failure {
  readonly seed: number;
  readonly index: number;
  readonly message: string;
}

export interface LoopResult {
  readonly cases: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failure: Failure | undefined;
  /** Heap and buffers after a collection: after a tenth of the cases, and after all. */
  readonly memoryBytes: { readonly early: number; readonly late: number };
}

/** Runs cases `first`, `first + step`, … below `end`; `at` hears of each before it runs. Stops at the first failure. */
export function fuzzLoop(subject: Subject, slice: Slice, at: (index: number) => void): LoopResult {
  const { seed, first, step, end } = slice;
  const outcomes: Record<string, number> = {};
  const early = first + step * Math.ceil((end - first) / step / 10);
  let earlyBytes = 0;
  let cases = 0;
  let failure: Failure | undefined;
  for (let index = first; index < end && failure === undefined; index += step) {
    at(index);
    if (index === early) earlyBytes = memoryBytes();
    try {
      const outcome = subject.run(seededRandom(seed, index));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      cases += 1;
    } catch (error) {
      failure = {
        seed,
        index,
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
  }
  return { cases, outcomes, failure, memoryBytes: { early: earlyBytes, late: memoryBytes() } };
}

/** After a collection, where the process was started with --expose-gc. */
function memoryBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
