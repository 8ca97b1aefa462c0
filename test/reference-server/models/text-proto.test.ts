import fc from 'fast-check';
import protobuf from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { describe, expect, test } from 'vitest';
import {
  parseTextProto,
  type TextMessage,
  type TextValue,
} from '../../../reference-server/models/text-proto.ts';
import { TextProtoError } from '../../../reference-server/models/text-proto-tokens.ts';

/** `name=value` for every field, messages in parentheses. */
function flat(message: TextMessage): string[] {
  return message.fields.map(({ name, value }) => `${name}=${shown(value)}`);
}

function shown(value: TextValue): string {
  return value.kind === 'message' ? `(${flat(value.message).join(' ')})` : `${value.kind}:${value.text}`;
}

describe('parseTextProto', () => {
  test.each([
    ['', []],
    ['# only a comment', []],
    ['a: 1 b: -2.5e3 # three\nc: .5f', ['a=number:1', 'b=number:-2.5e3', 'c=number:.5f']],
    ['a: 1, b: 2; c: 0x1F', ['a=number:1', 'b=number:2', 'c=number:0x1F']],
    ['kind: KIND_GPU on: true low: -inf', ['kind=word:KIND_GPU', 'on=word:true', 'low=word:-inf']],
    ['m { a: 1 } m: { a: 2 } m < a: 3 >', ['m=(a=number:1)', 'm=(a=number:2)', 'm=(a=number:3)']],
    [
      'dims: [ 1, -1, 3 ] dims: 4 none: []',
      ['dims=number:1', 'dims=number:-1', 'dims=number:3', 'dims=number:4'],
    ],
    ['input [ { a: 1 }, { a: 2 } ]', ['input=(a=number:1)', 'input=(a=number:2)']],
    [`s: "a\\n\\"b\\x41\\101\\u00e9" 'c' # one string\n"d"`, ['s=string:a\n"bAAécd']],
    ['s: "\\303\\251 # no comment"', ['s=string:é # no comment']],
  ])('%s', (text, fields) => {
    expect(flat(parseTextProto(text))).toEqual(fields);
  });

  test('every field knows its line', () => {
    const { fields } = parseTextProto('a: 1\n\n# words\nb {\n  c: "x"\n}\n');
    expect(fields.map(({ name, line }) => [name, line])).toEqual([
      ['a', 1],
      ['b', 4],
    ]);
    const [, b] = fields;
    expect(b?.value.kind === 'message' && b.value.message.fields[0]?.line).toBe(5);
  });

  test.each([
    ['a 1', 1, 'expected ":" or "{", found "1"'],
    ['a: 1\nb: }', 2, 'expected a value, found "}"'],
    ['a {\n b: 1\n', 2, 'expected a field or "}", found the end of the file'],
    ['a { b: 1 >', 1, 'expected a field or "}", found ">"'],
    ['a: [1 2]', 1, 'expected "," or "]", found "2"'],
    ['a: "x\n"', 1, 'a string does not end on its line'],
    ['a: "\\q"', 1, 'found the escape "\\\\q"'],
    ['a: 12ab', 1, 'found "1", which begins nothing'],
    ['\n\na: @', 3, 'found "@", which begins nothing'],
    ['a { '.repeat(200), 1, 'at most 100 messages within one another'],
  ])('%s', (text, line, message) => {
    const thrown = thrownBy(text);
    expect(thrown.message).toContain(message);
    expect(thrown.line).toBe(line);
  });

  test('any text at all ends in fields or in a TextProtoError', () => {
    const piece = fc.constantFrom(...'a:{}<>[],;-"\'\\x0 1\n#.e', 'dims', '"s"', '{ ', ' }');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseTextProto(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(TextProtoError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('against another reader and writer of the format', () => {
  const { root } = protobuf.parse(`
    syntax = "proto3";
    enum Kind { KIND_AUTO = 0; KIND_GPU = 1; }
    message Sample {
      string name = 1; repeated int64 dims = 2; bool on = 3; Kind kind = 4; double share = 5;
      repeated Sample inner = 6; map<string, string> words = 7; bytes raw = 8;
    }`);
  const Sample = root.lookupType('Sample');
  const leaf = {
    name: fc.string({ unit: 'binary' }),
    dims: fc.array(fc.integer(), { maxLength: 4 }),
    on: fc.boolean(),
    kind: fc.constantFrom(0, 1),
    share: fc.double({ noNaN: true, noDefaultInfinity: true }),
    words: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }),
  };
  const sample = fc.record({ ...leaf, inner: fc.array(fc.record(leaf), { maxLength: 3 }) });

  test('what it writes, we read as it does', () => {
    fc.assert(
      fc.property(sample, (content) => {
        const text = textformat.toText(Sample, Sample.fromObject(content));
        const theirs = Sample.toObject(textformat.fromText(Sample, text), { longs: Number, enums: String });
        expect(asObject(parseTextProto(text))).toEqual(normal(theirs));
      }),
      { numRuns: 300 },
    );
  });

  /** Our fields in the shape of theirs, by the types of the message. */
  function asObject(message: TextMessage): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const { name, value } of message.fields) {
      if (name === 'dims') found.dims = [...((found.dims as number[]) ?? []), Number(textOf(value))];
      else if (name === 'share') found.share = Number(textOf(value));
      else if (name === 'on') found.on = textOf(value) === 'true';
      else if (name === 'inner' && value.kind === 'message')
        found.inner = [...((found.inner as unknown[]) ?? []), asObject(value.message)];
      else if (name === 'words' && value.kind === 'message') {
        const entry = Object.fromEntries(value.message.fields.map((each) => [each.name, textOf(each.value)]));
        found.words = { ...(found.words as object), [entry.key ?? '']: entry.value ?? '' };
      } else found[name] = textOf(value);
    }
    return normal(found);
  }

  const textOf = (value: TextValue) => (value.kind === 'message' ? '' : value.text);

  /** A field with its default, or with nothing in it, is as good as left out. */
  function normal(content: Record<string, unknown>): Record<string, unknown> {
    const kept = Object.entries(content).filter(([, value]) => {
      if (value === '' || value === false || value === 'KIND_AUTO' || Object.is(value, 0)) return false;
      return typeof value !== 'object' || value === null || Object.keys(value).length > 0;
    });
    return Object.fromEntries(
      kept.map(([name, value]) => [
        name,
        name === 'inner' ? (value as Record<string, unknown>[]).map(normal) : value,
      ]),
    );
  }
});

function thrownBy(text: string): TextProtoError {
  try {
    parseTextProto(text);
  } catch (error) {
    if (error instanceof TextProtoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
