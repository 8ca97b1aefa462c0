import type { Random } from '../../harness/load/random.ts';

/** Whole number in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[below(random, choices.length)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}

type Mutation = (bytes: Buffer, random: Random, tokens: readonly Buffer[]) => Buffer;

const NUMBERS = ['0', '1', '-1', '00', '65536', '2147483648', '4294967296', '9007199254740993', 'ffffffff'];
const DIGITS = /[0-9a-f]+/g;

const MUTATIONS: readonly Mutation[] = [
  /** One bit. */
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    const at = below(random, bytes.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << below(random, 8));
    return changed;
  },
  /** One byte. */
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    changed[below(random, bytes.length)] = below(random, 256);
    return changed;
  },
  /** The end is missing. */
  (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  /** A piece is missing. */
  (bytes, random) => {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  /** A piece comes twice. */
  (bytes, random) => {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  /** A piece comes again somewhere else. */
  (bytes, random) => {
    const [from, to] = span(bytes, random);
    return inserted(bytes, below(random, bytes.length), bytes.subarray(from, to));
  },
  /** Something that means something lands anywhere. */
  (bytes, random, tokens) => inserted(bytes, below(random, bytes.length), oneOf(random, tokens)),
  /** Another number: a length, a status, the size of a chunk. */
  (bytes, random) => {
    const text = bytes.toString('latin1');
    const numbers = [...text.matchAll(DIGITS)];
    if (numbers.length === 0) return bytes;
    const { index, 0: digits } = oneOf(random, numbers);
    const other = random() < 0.5 ? oneOf(random, NUMBERS) : String(below(random, 40));
    const rest = bytes.subarray(index + digits.length);
    return Buffer.concat([bytes.subarray(0, index), Buffer.from(other), rest]);
  },
];

/** Changes a few things. `tokens`: pieces with a meaning in this protocol. Never grows beyond a few times the input. */
export function mutated(
  bytes: Buffer,
  random: Random,
  tokens: readonly Buffer[],
  most: number = MOST,
): Buffer {
  let changed = bytes;
  for (let left = 1 + below(random, most); left > 0 && changed.length > 0; left--) {
    changed = oneOf(random, MUTATIONS)(changed, random, tokens);
  }
  return changed;
}

const MOST = 4;

/** How many bytes come next, of those that are left. */
export type Cutting = (left: number) => number;

export const UNCUT: Cutting = (left) => left;

/** Byte by byte, as long as that is affordable; then by a few. */
export function byteByByte(): Cutting {
  let cuts = 0;
  return () => {
    cuts += 1;
    return cuts < AFFORDABLE ? 1 : 1 + (cuts % FEW);
  };
}

const AFFORDABLE = 600;
const FEW = 61;

export function inPieces(random: Random): Cutting {
  return () => 1 + below(random, random() < 0.5 ? 8 : 200);
}

function span(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = below(random, bytes.length);
  return [from, Math.min(bytes.length, from + 1 + below(random, 32))];
}

function inserted(bytes: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
