import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesDifference, jsonDifference } from '../../../harness/protocols/body-difference.ts';

const json = (found: unknown, expected: unknown, tolerance = 1e-4) =>
  jsonDifference(Buffer.from(JSON.stringify(found)), Buffer.from(JSON.stringify(expected)), tolerance);

describe('two JSON answers', () => {
  it.each([
    [{ a: 1, b: [true, 'x'] }, { b: [true, 'x'], a: 1 }, undefined],
    [{ scores: [0.5, 100.009] }, { scores: [0.5, 100] }, undefined],
    [{ scores: [0.5, 100.011] }, { scores: [0.5, 100] }, 'says $.scores[1] = 100.011, not 100'],
    [{ label: 'dog' }, { label: 'cat' }, 'says $.label = "dog", not "cat"'],
    [{ a: 1 }, { a: 1, b: null }, 'lacks $.b'],
    [{ a: 1, c: 2 }, { a: 1 }, 'has $.c besides'],
    [[1, 2], [1, 2, 3], 'lacks $[2]'],
    [{ a: '1' }, { a: 1 }, 'has a string at $.a, not a number'],
    [{ a: [] }, { a: {} }, 'has a list at $.a, not fields'],
    [null, {}, 'has null at $, not fields'],
  ])('%j and %j', (found, expected, difference) => {
    expect(json(found, expected)).toBe(difference);
  });

  it('are the same whatever they say, and differ as soon as a text does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        expect(json(value, value, 0)).toBeUndefined();
        expect(json({ value, text: `${text}.` }, { value, text }, 0)).toMatch(/^says \$\.text/);
      }),
    );
  });
});

describe('answers that are no JSON', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  it('are compared by their bytes', () => {
    expect(jsonDifference(bytes('ok\xff'), bytes('ok\xff'), 1)).toBeUndefined();
    expect(jsonDifference(bytes('ok\xfe'), bytes('ok\xff'), 1)).toBe('differs in byte 2 of 3');
    expect(jsonDifference(bytes('oops'), bytes('{"a":1}'), 1)).toBe('is not JSON');
    expect(bytesDifference(bytes('abc'), bytes('ab'))).toBe('has 3 bytes, not 2');
  });

  it('differ exactly where a byte was changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (one, pick) => {
        const other = Uint8Array.from(one);
        const at = pick % one.length;
        other[at] = (one[at] ?? 0) ^ 1;
        expect(bytesDifference(Buffer.from(other), Buffer.from(one))).toBe(
          `differs in byte ${at} of ${one.length}`,
        );
      }),
    );
  });
});
