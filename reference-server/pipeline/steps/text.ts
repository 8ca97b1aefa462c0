import { z } from 'zod';
import type { TensorSpec } from '../../execution/tensors.ts';
import type { Tensor } from '../../infer.ts';
import { hashed } from '../hashing.ts';
import { StepMisfit, type StepSurroundings, stepKind } from '../step.ts';
import { onlyInput, tensorOf, textsOf, wholeTensor } from '../tensor-values.ts';
import { piecesOf, wordsOf } from '../words.ts';

const MOST_TOKENS = 65_536;
const MOST_BUCKETS = 2 ** 24;

const lowerCase = z.boolean().default(true);
/** A file with a word, or a piece of one, on each line; its number is the line's, from 0. */
const vocabulary = z.string().min(1).optional();
/** Without a vocabulary: words are hashed into so many. */
const buckets = z.int().min(2).max(MOST_BUCKETS).optional();

/**
 * A text's tokens by number: [rows, 1] BYTES to [rows, tokens] INT64, and where `to` has a second name the mask, 1 for
 * a token and 0 for padding. With a vocabulary the pieces are BERT's, between [CLS] and [SEP]; with buckets every word
 * is hashed to 1 … buckets - 1, and 0 is padding.
 */
export const tokenise = stepKind({
  givesFrom: [1, 2],
  fields: {
    vocabulary,
    buckets,
    lowerCase,
    /** Tokens of a text at most, those around it included: what is longer is cut. */
    length: z.int().min(2).max(MOST_TOKENS),
    /** `longest`: only as long as the longest text of the request, so that short ones cost less. */
    pad: z.enum(['length', 'longest']).default('length'),
  },
  fit(declared, around) {
    const input = textInput(around.takes);
    const { numbers, padding } = tokensOf(declared, around);
    const { length, pad } = declared;
    const shape = [input.shape[0] ?? -1, pad === 'length' ? length : -1];
    const given = { datatype: 'INT64', shape } as const;
    return {
      gives: around.gives === 2 ? [given, given] : [given],
      run([tensor]) {
        const texts = textsOf(tensor as Tensor).map(numbers);
        const width = pad === 'length' ? length : Math.max(1, ...texts.map((tokens) => tokens.length));
        const ids = texts.flatMap((tokens) => padded(tokens, width, padding));
        const size = [texts.length, width];
        if (around.gives === 1) return [wholeTensor(size, ids)];
        const mask = texts.flatMap((tokens) =>
          padded(
            tokens.map(() => 1),
            width,
            0,
          ),
        );
        return [wholeTensor(size, ids), wholeTensor(size, mask)];
      },
    };
  },
});

function textInput(takes: readonly TensorSpec[]): TensorSpec {
  const input = onlyInput(takes);
  const single = input.shape.slice(1).every((size) => size === 1);
  if (input.datatype === 'BYTES' && single) return input;
  const found = `'${input.name}' is ${input.datatype} [${input.shape}]`;
  throw new StepMisfit(`takes one text a row, BYTES [rows, 1], and ${found}`);
}

function padded(tokens: readonly number[], width: number, padding: number): number[] {
  return [...tokens, ...new Array<number>(width - tokens.length).fill(padding)];
}

interface Tokens {
  /** Of a text, cut to the length. */
  numbers(text: string): number[];
  readonly padding: number;
}

function tokensOf(
  declared: {
    vocabulary?: string | undefined;
    buckets?: number | undefined;
    lowerCase: boolean;
    length: number;
  },
  { files }: StepSurroundings,
): Tokens {
  const { length, buckets: count } = declared;
  if ((declared.vocabulary === undefined) === (count === undefined)) {
    throw new StepMisfit('either vocabulary or buckets must be given');
  }
  if (count !== undefined) {
    const number = (word: string) => 1 + hashed(word, count - 1);
    return {
      numbers: (text) => wordsOf(text, declared.lowerCase).slice(0, length).map(number),
      padding: 0,
    };
  }
  const known = numbered(files[declared.vocabulary ?? ''] ?? []);
  const special = (name: string) => {
    const number = known.get(name);
    if (number !== undefined) return number;
    throw new StepMisfit(`vocabulary: has no line ${name}`);
  };
  const [begin, end, unknown] = [special('[CLS]'), special('[SEP]'), special('[UNK]')];
  return {
    numbers(text) {
      const words = wordsOf(text, declared.lowerCase);
      const pieces = words.flatMap((word) => piecesOf(word, known) ?? [unknown]);
      return [begin, ...pieces.slice(0, length - 2), end];
    },
    padding: special('[PAD]'),
  };
}

function numbered(lines: readonly string[]): ReadonlyMap<string, number> {
  return new Map(lines.map((line, number) => [line, number]));
}

/** How often each word comes in a text: [rows, 1] BYTES to [rows, words] FP32, by a vocabulary or hashed. */
export const vectorise = stepKind({
  fields: {
    vocabulary,
    buckets,
    lowerCase,
    /** `length`: each row is divided by its length, the root of the sum of its squares. */
    divideBy: z.enum(['nothing', 'length']).default('nothing'),
  },
  fit({ vocabulary: file, buckets: count, lowerCase: small, divideBy }, { takes, files }) {
    const input = textInput(takes);
    if ((file === undefined) === (count === undefined)) {
      throw new StepMisfit('either vocabulary or buckets must be given');
    }
    const known = numbered(file === undefined ? [] : (files[file] ?? []));
    const width = count ?? known.size;
    const place = (word: string) => (count === undefined ? known.get(word) : hashed(word, count));
    return {
      gives: [{ datatype: 'FP32', shape: [input.shape[0] ?? -1, width] }],
      run([tensor]) {
        const texts = textsOf(tensor as Tensor);
        const made = new Float32Array(texts.length * width);
        for (const [row, text] of texts.entries()) {
          const counts = made.subarray(row * width, (row + 1) * width);
          for (const word of wordsOf(text, small)) {
            const at = place(word);
            if (at !== undefined) counts[at] = (counts[at] ?? 0) + 1;
          }
          if (divideBy === 'length') divideByLength(counts);
        }
        return [tensorOf('FP32', [texts.length, width], made)];
      },
    };
  },
});

/** A text without any word stays zeros. */
function divideByLength(counts: Float32Array): void {
  const length = Math.sqrt(counts.reduce((sum, count) => sum + count * count, 0));
  if (length > 0) for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] ?? 0) / length;
}
