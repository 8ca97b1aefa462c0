import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NUMBER_WIDTH, writeNumber } from '../../../harness/protocols/fixed-number.ts';
import { oipRest } from '../../../harness/protocols/oip-rest.ts';
import { ID_WIDTH } from '../../../harness/protocols/request-id.ts';
import { halfBits, tensorBytes } from '../../../harness/protocols/tensor-bytes.ts';
import type { Template } from '../../../harness/transports/transport.ts';
import type { Sample } from '../../../harness/workload/workload.ts';

const MODEL = { name: 'a model', version: '2', inputs: [], outputs: [] };
const SAMPLE: Sample = {
  requestClass: 0,
  rows: 2,
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [2, 3], values: Float64Array.of(9, 9, 0.25, -1.5, 4, 5) },
    { name: 'ids', datatype: 'INT64', shape: [2, 1], values: Float64Array.of(7, -8) },
  ],
  variation: { elements: 2, radix: 1000, from: -1, step: 0.002, keyOf: (index) => index },
};

/** The body of request `index`, as it leaves. */
function bodyOf(template: Template, index: number): Buffer {
  const buffer = Buffer.concat([Buffer.alloc(50, 1), template.own, template.shared]);
  template.stamp(buffer, 50, index);
  expect(buffer.subarray(0, 50)).toEqual(Buffer.alloc(50, 1));
  return buffer.subarray(50);
}

describe('oipRest, JSON', () => {
  const template = oipRest({ model: MODEL, encoding: 'json' }).encode(SAMPLE);

  it('asks for the model at its path', () => {
    expect([template.method, template.path]).toEqual(['POST', '/v2/models/a%20model/versions/2/infer']);
  });

  it('writes what the protocol says, tagged and varied by the index', () => {
    expect(JSON.parse(bodyOf(template, 123_456).toString())).toEqual({
      id: '000000123456',
      inputs: [
        { name: 'x', shape: [2, 3], datatype: 'FP32', data: [-0.088, -0.754, 0.25, -1.5, 4, 5] },
        { name: 'ids', shape: [2, 1], datatype: 'INT64', data: [7, -8] },
      ],
    });
  });

  it('spells the key of the payload, not the index', () => {
    const popular = {
      ...SAMPLE,
      variation: { elements: 2, radix: 1000, from: -1, step: 0.002, keyOf: () => 3 },
    };
    const stamped = oipRest({ model: MODEL, encoding: 'json' }).encode(popular);
    const { id, inputs } = JSON.parse(bodyOf(stamped, 77).toString());
    expect([id, inputs[0].data.slice(0, 2)]).toEqual(['000000000077', [-0.994, -1]]);
  });

  it('stamps only what is its own', () => {
    const one = bodyOf(template, 1);
    const other = bodyOf(template, 999_999);
    expect(one.length).toBe(other.length);
    expect(one.subarray(template.own.length)).toEqual(other.subarray(template.own.length));
  });

  it('repeats the payload but for the id when no variation is wanted', () => {
    const { requestClass, rows, inputs } = SAMPLE;
    const plain = oipRest({ model: MODEL, encoding: 'json' }).encode({ requestClass, rows, inputs });
    expect(JSON.parse(bodyOf(plain, 5).toString()).inputs[0].data[0]).toBe(9);
    expect(plain.own.length).toBe('{"id":"'.length + ID_WIDTH);
  });
});

it.each(['json', 'binary'] as const)(
  'oipRest, %s: asks how old an answer is where that is wanted',
  (encoding) => {
    const asking = oipRest({ model: MODEL, encoding, asksAge: true }).encode(SAMPLE);
    const length = new Map(asking.headers).get('Inference-Header-Content-Length');
    const body = bodyOf(asking, 123_456);
    const json = JSON.parse(body.toString('utf8', 0, length === undefined ? body.length : Number(length)));
    const plain = oipRest({ model: MODEL, encoding }).encode(SAMPLE);
    const plainLength = new Map(plain.headers).get('Inference-Header-Content-Length');
    const plainBody = bodyOf(plain, 123_456);
    const { parameters = {}, ...rest } = JSON.parse(
      plainBody.toString('utf8', 0, plainLength === undefined ? plainBody.length : Number(plainLength)),
    );
    expect(json).toEqual({ ...rest, parameters: { ...parameters, cache_age: true } });
  },
);

describe('oipRest, binary', () => {
  const template = oipRest({ model: MODEL, encoding: 'binary' }).encode(SAMPLE);

  it('writes JSON with sizes, then the tensors', () => {
    const length = Number(new Map(template.headers).get('Inference-Header-Content-Length'));
    const body = bodyOf(template, 123_456);
    expect(JSON.parse(body.toString('utf8', 0, length))).toEqual({
      id: '000000123456',
      parameters: { binary_data_output: true },
      inputs: [
        { name: 'x', shape: [2, 3], datatype: 'FP32', parameters: { binary_data_size: 24 } },
        { name: 'ids', shape: [2, 1], datatype: 'INT64', parameters: { binary_data_size: 16 } },
      ],
    });
    const tensors = body.subarray(length);
    expect(tensors.length).toBe(40);
    expect(tensors.readFloatLE(0)).toBeCloseTo(-0.088, 6);
    expect(tensors.readFloatLE(4)).toBeCloseTo(-0.754, 6);
    expect(tensors.readFloatLE(8)).toBe(0.25);
    expect([tensors.readBigInt64LE(24), tensors.readBigInt64LE(32)]).toEqual([7n, -8n]);
  });
});

describe('OipRestReader', () => {
  const reader = oipRest({ model: MODEL, encoding: 'json' }).reader();
  const ID = '"id":"000000000042"';

  function judged(pieces: readonly string[], status = 200, index = 42): string {
    reader.begin(index);
    for (const piece of pieces) reader.data(Buffer.from(`..${piece}`), 2, Buffer.byteLength(piece) + 2);
    return reader.finish(status);
  }

  it.each([
    ['its own id', [`{${ID},"outputs":[]}`], 'ok'],
    ['blanks around everything', [` {"model":"m", "id" : "000000000042"}\n `], 'ok'],
    ['no id at all', ['{"outputs":[]}'], 'ok'],
    ['a numeric id, not ours', ['{"id":7}'], 'ok'],
    ['an answer in pieces', ['{"i', 'd":"0000000', '00042","a":[1', ',2]', '}'], 'ok'],
    ["another's id", ['{"id":"000000000043"}'], 'wrong-answer'],
    ['a shorter id', ['{"id":"42"}'], 'wrong-answer'],
    ['a longer id', ['{"id":"0000000000421"}'], 'wrong-answer'],
    ['nothing', [], 'malformed'],
    ['no JSON', ['<html>'], 'malformed'],
    ['JSON cut off', [`{${ID},"outputs":[`], 'malformed'],
    ['binary of the announced length', [`{${ID},"binary_data_size":4}`, 'abcd'], 'ok'],
    ['two binary tensors', [`{${ID},"binary_data_size": 2,"binary_data_size":2}abcd`], 'ok'],
    ['too little binary', [`{${ID},"binary_data_size":4}`, 'abc'], 'malformed'],
    ['too much binary', [`{${ID},"binary_data_size":4}`, 'abcde'], 'malformed'],
  ])('judges %s', (_, pieces, outcome) => {
    expect(judged(pieces)).toBe(outcome);
  });

  it.each([
    ['says nothing', `{${ID},"outputs":[]}`, -1],
    ['was computed as the request came', `{${ID},"parameters":{"cache_age_us":0},"outputs":[]}`, 0],
    ['says a time', `{${ID},"parameters":{"cache_age_us":1234567},"outputs":[]}`, 1_234_567],
    ['says it with blanks', `{${ID}, "parameters" : { "cache_age_us" : 42 } }`, 42],
    ['says it before bytes', `{${ID},"parameters":{"cache_age_us":7},"binary_data_size":4}9876`, 7],
  ])('reads how old an answer is that %s', (_, body, ageUs) => {
    expect(judged([body.slice(0, 30), body.slice(30)])).toBe('ok');
    expect(reader.ageUs?.()).toBe(ageUs);
  });

  it('judges by status first', () => {
    const outcomes = [200, 400, 404, 429, 500, 503, 302, 204].map((status) => judged([`{${ID}}`], status));
    const expected = [
      'ok',
      'http-4xx',
      'http-4xx',
      'http-429',
      'http-5xx',
      'http-5xx',
      'malformed',
      'malformed',
    ];
    expect(outcomes).toEqual(expected);
  });

  it.each([
    ['its error', '{"error":"the queue is full"}', 'HTTP 503: the queue is full'],
    ['another body', '<html>', 'HTTP 503'],
    ['an error without words', '{"error":{}}', 'HTTP 503'],
    ['JSON that is no object', 'null', 'HTTP 503'],
    ['nothing', '', 'HTTP 503'],
  ])('tells what the server said of a refusal: %s', (_, body, said) => {
    judged(['{"error":"of the answer before, and much longer than this one"}'], 500);
    judged([body], 503);
    expect(reader.complaint?.()).toBe(said);
  });

  it('does not remember the answer before', () => {
    expect(judged([`{${ID},"binary_data_size":4}abcd`])).toBe('ok');
    expect(judged(['{}'])).toBe('ok');
    expect(judged([])).toBe('malformed');
  });

  it('keeps only the start of a long answer', () => {
    expect(judged([`{${ID},"data":[`, '1,'.repeat(5000), '1]}'])).toBe('ok');
    expect(judged([`{${ID},"data":[`, '1,'.repeat(5000), '1]'])).toBe('malformed');
  });
});

describe('writeNumber', () => {
  it('writes a JSON number of fixed width that reads back', () => {
    const buffer = Buffer.alloc(NUMBER_WIDTH + 4, '#');
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        writeNumber(buffer, 2, value);
        expect(Math.abs(JSON.parse(buffer.toString('latin1', 2, NUMBER_WIDTH + 2)) - value)).toBeLessThan(
          2e-7,
        );
        expect(buffer.toString('latin1', 0, 2) + buffer.toString('latin1', NUMBER_WIDTH + 2)).toBe('####');
      }),
    );
    for (const value of [0, -0, 1, -1, 0.5, -9_999_999_999, 0.999_999_999_9]) {
      writeNumber(buffer, 2, value);
      expect(JSON.parse(buffer.toString('latin1', 2, NUMBER_WIDTH + 2))).toBeCloseTo(value, 8);
    }
  });
});

describe('tensorBytes', () => {
  it.each([
    ['BOOL', [0, 1], '0001'],
    ['UINT8', [0, 255], '00ff'],
    ['INT8', [-1, 127], 'ff7f'],
    ['INT16', [-2], 'feff'],
    ['INT32', [-2], 'feffffff'],
    ['UINT64', [2 ** 40], '0000000000010000'],
    ['INT64', [-1], 'ffffffffffffffff'],
    ['FP64', [1], '000000000000f03f'],
    ['FP16', [1, -2], '003c00c0'],
  ])('writes %s %j', (datatype, values, hex) => {
    expect(tensorBytes(datatype, Float64Array.from(values)).toString('hex')).toBe(hex);
  });

  it('rounds to half precision as IEEE 754 says', () => {
    const cases = {
      0.1: 0x2e66,
      65504: 0x7bff,
      1e9: 0x7bff,
      0.000061035: 0x0400,
      5.9604645e-8: 0x0001,
      2049: 0x6800,
      2051: 0x6802,
    };
    for (const [value, bits] of Object.entries(cases)) expect(halfBits(Number(value))).toBe(bits);
  });
});
