import { describe, expect, test } from 'vitest';
import { fnv1a, hashed, mixed } from '../../../reference-server/pipeline/hashing.ts';
import { wordsOf } from '../../../reference-server/pipeline/words.ts';
import { fp32, runSteps, step, texts } from './run-steps.ts';

describe('hashing', () => {
  test('FNV-1a and the end of MurmurHash3 give their published values', () => {
    const of = (text: string) => fnv1a(Buffer.from(text));
    expect([of(''), of('a'), of('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    // MurmurHash3 of nothing, by its seed.
    expect([mixed(0), mixed(1), mixed(0xffffffff)]).toEqual([0, 0x514e28b7, 0x81f16f39]);
  });

  test('is within its buckets', () => {
    for (let at = 0; at < 500; at++) {
      const found = hashed(`word ${at}`, 7);
      expect(Number.isInteger(found) && found >= 0 && found < 7).toBe(true);
    }
  });
});

describe('words, as the tests of BERT have them', () => {
  test.each([
    ['\tHeLLo!how  \n Are yoU?  ', true, ['hello', '!', 'how', 'are', 'you', '?']],
    ['HeLLo!how Are', false, ['HeLLo', '!', 'how', 'Are']],
    ['H\u00e9llo', true, ['hello']],
    ['H\u00e9llo', false, ['H\u00e9llo']],
    ['ah\u535a\u63a8zz', true, ['ah', '\u535a', '\u63a8', 'zz']],
    ['a\u0000b\u200bc\ufffd', true, ['abc']],
    ['$5-4^2', true, ['$', '5', '-', '4', '^', '2']],
    ['\u00ab\u00a1hola\u2026\u00bb', true, ['\u00ab', '\u00a1', 'hola', '\u2026', '\u00bb']],
    ['   ', true, []],
  ])('%j, lower case: %s', (text, lowerCase, words) => {
    expect(wordsOf(text, lowerCase)).toEqual(words);
  });
});

describe('tokens', () => {
  const vocabulary = [
    '[UNK]',
    '[CLS]',
    '[SEP]',
    'want',
    '##want',
    '##ed',
    'wa',
    'un',
    'runn',
    '##ing',
    ',',
    '[PAD]',
  ];
  const files = { 'vocab.txt': vocabulary };
  const declared = { step: 'tokenise', from: 'x', to: ['ids', 'mask'], vocabulary: 'vocab.txt', length: 9 };
  const place = (...names: readonly string[]) => names.map((name) => vocabulary.indexOf(name));

  test('the longest pieces from the left, with padding and its mask', async () => {
    const x = texts('UNwant\u00e9d,running', 'unwantedX running', '');
    const { ids, mask } = await runSteps([declared], { x }, files);
    const pad = (count: number) => new Array<string>(count).fill('[PAD]');
    expect(ids).toEqual({
      datatype: 'INT64',
      shape: [3, 9],
      values: [
        ...place('[CLS]', 'un', '##want', '##ed', ',', 'runn', '##ing', '[SEP]', ...pad(1)),
        ...place('[CLS]', '[UNK]', 'runn', '##ing', '[SEP]', ...pad(4)),
        ...place('[CLS]', '[SEP]', ...pad(7)),
      ],
    });
    const ones = (count: number) => [...new Array(count).fill(1), ...new Array(9 - count).fill(0)];
    expect(mask?.values).toEqual([...ones(8), ...ones(5), ...ones(2)]);
  });

  test('what is too long is cut, and still ends', async () => {
    const { ids } = await runSteps([{ ...declared, length: 4 }], { x: texts('wa want un') }, files);
    expect(ids?.values).toEqual(place('[CLS]', 'wa', 'want', '[SEP]'));
  });

  test('only as long as the longest text of the request', async () => {
    const x = texts('wa', 'wa want');
    const { ids, mask } = await runSteps([{ ...declared, pad: 'longest' }], { x }, files);
    expect(ids?.shape).toEqual([2, 4]);
    expect(mask?.values).toEqual([1, 1, 1, 0, 1, 1, 1, 1]);
  });

  test('hashed words: 1 and above, equal for equal words, 0 for padding', async () => {
    const hashing = { step: 'tokenise', from: 'x', to: ['ids', 'mask'], buckets: 100, length: 4 };
    const { ids } = await runSteps([hashing], { x: texts('to be or to', 'To') });
    const [to, be, or, again, ...second] = ids?.values.map(Number) ?? [];
    expect([again, ...second]).toEqual([to, to, 0, 0, 0]);
    for (const id of [to, be, or]) expect(id).toSatisfy((found: number) => found >= 1 && found < 100);
  });

  test('without a name for the mask there is none', async () => {
    expect(await step({ ...declared, to: 'ids', length: 3 }, texts('un'), files)).toEqual(
      place('[CLS]', 'un', '[SEP]'),
    );
  });

  test.each([
    [{ vocabulary: undefined }, 'either vocabulary or buckets'],
    [{ buckets: 9 }, 'either vocabulary or buckets'],
    [{ vocabulary: 'other.txt' }, 'vocabulary: has no line [CLS]'],
  ])('%j does not fit', async (fields, problem) => {
    await expect(runSteps([{ ...declared, ...fields }], { x: texts('a') }, files)).rejects.toThrow(problem);
  });

  test('takes one text a row', async () => {
    await expect(runSteps([declared], { x: fp32([1]) }, files)).rejects.toThrow("'x' is FP32 [-1,1]");
    const pairs = { datatype: 'BYTES', values: [['a', 'b']] } as const;
    await expect(runSteps([declared], { x: pairs }, files)).rejects.toThrow("'x' is BYTES [-1,2]");
  });
});

describe('counted words', () => {
  const files = { words: ['good', 'bad', '!'] };

  test('by a vocabulary: others do not count', async () => {
    const declared = { step: 'vectorise', vocabulary: 'words' };
    const x = texts('Good, good! bad', 'neither');
    expect(await step(declared, x, files)).toEqual([2, 1, 1, 0, 0, 0]);
  });

  test('each row of length 1', async () => {
    const declared = { step: 'vectorise', vocabulary: 'words', divideBy: 'length' };
    const found = await step(declared, texts('good good good bad bad bad bad', ''), files);
    expect(found.map((value) => Number(Number(value).toFixed(6)))).toEqual([0.6, 0.8, 0, 0, 0, 0]);
  });

  test('hashed: every word counts once somewhere', async () => {
    const found = await step({ step: 'vectorise', buckets: 8 }, texts('a b c a'));
    expect(found).toHaveLength(8);
    expect(found.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(4);
  });
});
