import { type Random, seededRandom } from '../../harness/load/random.ts';

/** Something that is fed bytes. */
export interface Subject {
  readonly name: string;
  /** How many cases a run has that says nothing of it; a million where it is left out. */
  readonly cases?: number;
  /** After so many cases a thread, and the server in it, has grown to its size; 25,000 where it is left out. */
  readonly grownCases?: number;
  /** So many cases are under way together; one where it is left out. */
  readonly atOnce?: number;
  /** One case, wholly determined by the random stream. Throws when something is wrong; answers with what became of it. */
  run(random: Random): string | Promise<string>;
  /** The bytes of a case, for looking at. */
  example(random: Random): readonly Buffer[];
  /** Ends what it keeps from case to case. */
  close?(): Promise<void>;
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
  /** After a tenth of the cases, or when it has grown to its size if that is later; and after all. */
  readonly memory: { readonly early: Memory; readonly late: Memory };
}

export interface Memory {
  /** Heap and buffers of the thread, after a collection. */
  readonly heldBytes: number;
  /** Of the process, all threads together. */
  readonly residentBytes: number;
}

/**
 * Runs cases `first`, `first + step`, … below `end`; `at` hears of each, or of the first of those that run together,
 * before it runs. Stops at the first failure.
 */
export async function fuzzLoop(
  subject: Subject,
  slice: Slice,
  at: (index: number) => void,
): Promise<LoopResult> {
  const { seed, first, step, end } = slice;
  const outcomes: Record<string, number> = {};
  const stride = step * (subject.atOnce ?? 1);
  const early = first + step * earlyCases(subject, Math.ceil((end - first) / step));
  let earlyMemory: Memory | undefined;
  let cases = 0;
  let failure: Failure | undefined;
  for (let index = first; index < end && failure === undefined; index += stride) {
    at(index);
    if (index >= early) earlyMemory ??= await memory();
    // What was planned for the end of a turn of the event loop comes to its own.
    if (cases % TURN === 0) await new Promise(setImmediate);
    const together: Promise<string | Failure>[] = [];
    for (let one = index; one < Math.min(end, index + stride); one += step) {
      together.push(outcomeOf(subject, seed, one));
    }
    for (const outcome of await Promise.all(together)) {
      if (typeof outcome !== 'string') {
        failure ??= outcome;
        continue;
      }
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      cases += 1;
    }
  }
  const late = await memory();
  await subject.close?.();
  return { cases, outcomes, failure, memory: { early: earlyMemory ?? NO_MEMORY, late } };
}

const GROWN_CASES = 25_000;

/** Whether a thread ran so long that what it grew by says something: twice as long as it takes to grow to its size. */
export function saysSomething({ grownCases = GROWN_CASES }: Subject, cases: number): boolean {
  return cases >= 2 * grownCases;
}

function earlyCases(subject: Subject, cases: number): number {
  const tenth = Math.ceil(cases / 10);
  return saysSomething(subject, cases) ? Math.max(tenth, subject.grownCases ?? GROWN_CASES) : tenth;
}

async function outcomeOf(subject: Subject, seed: number, index: number): Promise<string | Failure> {
  try {
    return await subject.run(seededRandom(seed, index));
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, index, message };
  }
}

const TURN = 1000;
const NO_MEMORY: Memory = { heldBytes: 0, residentBytes: 0 };

/** After a collection, where there is `gc`. Buffers are given back beside the thread, a little later. */
async function memory(): Promise<Memory> {
  for (let left = 3; left > 0; left--) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heldBytes: heapUsed + external, residentBytes: rss };
}
