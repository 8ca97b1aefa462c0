import fc, {
  array,
  boolean,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  string,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInferRequest } from '../../../reference-server/api/infer-request-codec.ts';
import { decodeLike, type KnownRequest } from '../../../reference-server/api/known-request.ts';
import type { ModelSignature } from '../../../reference-server/models/model-signature.ts';

const signature: ModelSignature = {
  name: 'two',
  inputs: [
    { name: 'a', datatype: 'FP32', shape: [-1, 2] },
    { name: 'b', datatype: 'INT64', shape: [-1, -1] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
  maxRows: 8,
};
const other: ModelSignature = { ...signature, name: 'other' };

interface Made {
  readonly id: string | undefined;
  readonly idLast: boolean;
  readonly rows: number;
  readonly width: number;
  readonly inOrder: boolean;
  readonly inJson: boolean;
  readonly askew: string;
  /** Bytes too many behind the tensors, or too few. */
  readonly spare: number;
  readonly fill: number;
}

function bodyOf({ id, idLast, rows, width, inOrder, inJson, askew, spare, fill }: Made) {
  const a = Buffer.alloc(rows * 2 * 4, fill);
  const b = Buffer.alloc(rows * width * 8, fill + 1);
  const tensor = (name: string, datatype: string, shape: number[], data: Buffer) => ({
    json: inJson
      ? { name, datatype, shape, data: Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => fill) }
      : { name, datatype, shape, parameters: { binary_data_size: data.length } },
    bytes: inJson ? Buffer.alloc(0) : data,
  });
  const both = [tensor('a', 'FP32', [rows, 2], a), tensor('b', 'INT64', [rows, width], b)];
  const inputs = inOrder ? both : both.reverse();
  const rest = { inputs: inputs.map(({ json }) => json), parameters: { binary_data_output: true } };
  const object = idLast ? { ...rest, id } : { id, ...rest };
  const json = Buffer.from(`${JSON.stringify(object)}${askew}`);
  return {
    body: withSpare(Buffer.concat([json, ...inputs.map(({ bytes }) => bytes)]), spare),
    header: inJson ? undefined : String(json.length),
  };
}

function withSpare(body: Buffer, spare: number): Buffer {
  return spare < 0 ? body.subarray(0, spare) : Buffer.concat([body, Buffer.alloc(spare)]);
}

const made = record({
  id: option(oneof(constantFrom('1', '2', '00042', 'a"b', 'é', '\\', ''), string({ maxLength: 6 })), {
    nil: undefined,
  }),
  idLast: boolean(),
  rows: integer({ min: 1, max: 2 }),
  width: integer({ min: 1, max: 2 }),
  inOrder: boolean(),
  inJson: boolean(),
  askew: constantFrom('', '', '', ' ', ',', '}'),
  spare: constantFrom(0, 0, 0, 0, 1, -1),
  fill: integer({ min: 0, max: 9 }),
});

/** What it gives, or the words with which it refuses. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    return (error as Error).message;
  }
}

describe('decodeLike', () => {
  it('gives what reading anew gives, whatever came before', () => {
    fc.assert(
      property(array(record({ made, mine: boolean() }), { minLength: 2, maxLength: 6 }), (requests) => {
        let known: KnownRequest | undefined;
        for (const { made: one, mine } of requests) {
          const { body, header } = bodyOf(one);
          const own = mine ? signature : other;
          const found = outcome(() => {
            const like = decodeLike(known, body, header, own);
            known = like.known;
            return like.decoded;
          });
          expect(found).toEqual(outcome(() => decodeInferRequest(body, header, own)));
        }
      }),
      { numRuns: 400 },
    );
  });

  const usual: Made = {
    id: '7',
    idLast: false,
    rows: 1,
    width: 2,
    inOrder: true,
    inJson: false,
    askew: '',
    spare: 0,
    fill: 1,
  };
  const readTwice = (first: Made, second: Made) => {
    const bodies = [bodyOf(first), bodyOf(second)];
    const { known } = decodeLike(undefined, bodies[0]?.body ?? Buffer.alloc(0), bodies[0]?.header, signature);
    const again = decodeLike(known, bodies[1]?.body ?? Buffer.alloc(0), bodies[1]?.header, signature);
    return { known, again, body: bodies[1]?.body };
  };

  it('knows a request by all but its id and its bytes, which stay views on the body', () => {
    const { known, again, body } = readTwice(usual, { ...usual, id: '8', fill: 9 });
    expect(known).toBeDefined();
    expect(again.known).toBe(known);
    expect(again.decoded.id).toBe('8');
    expect(again.decoded.request.inputs.map(({ data }) => [data.buffer === body?.buffer, data[0]])).toEqual([
      [true, 9],
      [true, 10],
    ]);
  });

  it.each<[string, Partial<Made>]>([
    ['another shape', { width: 1 }],
    ['more rows', { rows: 2 }],
    ['no id', { id: undefined }],
    ['an id with an escape', { id: 'a"b' }],
    ['an id that stands elsewhere', { idLast: true }],
  ])('reads %s anew', (_, changes) => {
    const { known, again } = readTwice(usual, { ...usual, ...changes });
    expect(again.known).not.toBe(known);
  });

  it.each<[string, Partial<Made>]>([
    ['tensors in JSON', { inJson: true }],
    ['tensors in another order', { inOrder: false }],
  ])('keeps nothing of %s', (_, changes) => {
    expect(readTwice({ ...usual, ...changes }, usual).known).toBeUndefined();
  });

  it.each([
    [1, '1 bytes of the body belong to no input'],
    [-1, 'binary_data_size is 16, only 15 bytes are left'],
  ])('refuses what it knows where %i bytes are over', (spare, why) => {
    expect(() => readTwice(usual, { ...usual, spare })).toThrow(why);
  });

  it('reads a second id anew each time: the last of two counts', () => {
    const tail =
      ',"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},{"name":"b","datatype":"INT64","shape":[1,1],"parameters":{"binary_data_size":8}}],"id":"z"}';
    const json = Buffer.from(`{"id":"z"${tail}`);
    const body = Buffer.concat([json, Buffer.alloc(16)]);
    const { decoded, known } = decodeLike(undefined, body, String(json.length), signature);
    expect([decoded.id, known]).toEqual(['z', undefined]);
  });
});

it.each(['99', '3', 'x', '-1', ''])(
  'a header length of %j is refused as ever, whatever came before',
  (header) => {
    const body = Buffer.from('{"');
    const plain = outcome(() => decodeInferRequest(body, header, signature));
    expect(plain).toContain('Inference-Header-Content-Length is');
    expect(outcome(() => decodeLike(undefined, body, header, signature))).toBe(plain);
  },
);
