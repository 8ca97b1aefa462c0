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

/** The same bytes in pieces: byte by byte, or cut at a few places. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  if (bytes.length < 600 && random() < 0.2) return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + below(random, random() < 0.5 ? 8 : 200);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function span(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = below(random, bytes.length);
  return [from, Math.min(bytes.length, from + 1 + below(random, 32))];
}

function inserted(bytes: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
