import { fileURLToPath } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import {
  decodeGrpcInfer,
  framed,
  writeInferResponse,
} from '../../../reference-server/api/grpc-infer-codec.ts';
import { readInferMessage } from '../../../reference-server/api/grpc-infer-message.ts';
import { MessageReader } from '../../../reference-server/api/grpc-message-reader.ts';
import { encodedWords, timeoutMs } from '../../../reference-server/api/grpc-status.ts';
import { ProtobufReader } from '../../../reference-server/api/protobuf-reader.ts';
import { ProtobufWriter } from '../../../reference-server/api/protobuf-writer.ts';
import { ServingError } from '../../../reference-server/errors.ts';
import type { Datatype } from '../../../reference-server/infer.ts';

const proto = fileURLToPath(new URL('../../../proto/open_inference.proto', import.meta.url));
const root = protobuf.loadSync(proto);
const Request = root.lookupType('inference.ModelInferRequest');
const Response = root.lookupType('inference.ModelInferResponse');

/** Each datatype with values at its edges, as protobuf has them and as bytes. */
const CASES: readonly (readonly [Datatype, string, readonly unknown[], Uint8Array])[] = [
  ['BOOL', 'boolContents', [true, false, true], Uint8Array.of(1, 0, 1)],
  ['INT8', 'intContents', [-128, 0, 127], new Uint8Array(Int8Array.of(-128, 0, 127).buffer)],
  ['INT16', 'intContents', [-32768, 32767], new Uint8Array(Int16Array.of(-32768, 32767).buffer)],
  [
    'INT32',
    'intContents',
    [-(2 ** 31), 2 ** 31 - 1],
    new Uint8Array(Int32Array.of(-(2 ** 31), 2 ** 31 - 1).buffer),
  ],
  ['INT64', 'int64Contents', [-1, 2 ** 53 - 1], new Uint8Array(BigInt64Array.of(-1n, 2n ** 53n - 1n).buffer)],
  ['UINT8', 'uintContents', [0, 255], Uint8Array.of(0, 255)],
  ['UINT16', 'uintContents', [0, 65535], new Uint8Array(Uint16Array.of(0, 65535).buffer)],
  ['UINT32', 'uintContents', [0, 2 ** 32 - 1], new Uint8Array(Uint32Array.of(0, 2 ** 32 - 1).buffer)],
  [
    'UINT64',
    'uint64Contents',
    [0, 2 ** 53 - 1],
    new Uint8Array(BigUint64Array.of(0n, 2n ** 53n - 1n).buffer),
  ],
  ['FP32', 'fp32Contents', [0.5, -2, 2 ** 90], new Uint8Array(Float32Array.of(0.5, -2, 2 ** 90).buffer)],
  ['FP64', 'fp64Contents', [0.1, -1e300], new Uint8Array(Float64Array.of(0.1, -1e300).buffer)],
  ['BYTES', 'bytesContents', [Buffer.from('a'), Buffer.from('')], Uint8Array.of(1, 0, 0, 0, 97, 0, 0, 0, 0)],
];

function signature(datatype: Datatype) {
  const tensor = { datatype, shape: [-1] };
  return { name: 'm', inputs: [{ name: 'x', ...tensor }], outputs: [{ name: 'y', ...tensor }], maxRows: 9 };
}

function answer(datatype: Datatype, data: Uint8Array, rows: number, raw: boolean) {
  const writer = new ProtobufWriter();
  const response = { outputs: [{ name: 'y', datatype, shape: [rows], data }] };
  const about = { modelName: 'm', modelVersion: '1', id: 'é', saysFinal: false, raw };
  writeInferResponse(writer, { response, wanted: [{ name: 'y' }], classLabels: {}, ...about });
  const message = framed(writer);
  expect(message.readUInt32BE(1)).toBe(message.length - 5);
  return Response.toObject(Response.decode(message.subarray(5)), { longs: Number });
}

describe('ModelInfer beside protobufjs', () => {
  test.each(CASES)('%s as typed contents', (datatype, field, values, data) => {
    const input = { name: 'x', datatype, shape: [values.length], contents: { [field]: values } };
    const bytes = Request.encode(Request.fromObject({ modelName: 'm', id: 'é', inputs: [input] })).finish();
    const message = readInferMessage(Buffer.from(bytes));
    expect(message).toMatchObject({ modelName: 'm', id: 'é', modelVersion: '' });
    const { request } = decodeGrpcInfer(message, signature(datatype));
    expect(request.rows).toBe(values.length);
    expect(Buffer.from(request.inputs[0]?.data ?? [])).toEqual(Buffer.from(data));

    const { id, outputs, rawOutputContents } = answer(datatype, data, values.length, false);
    expect(id).toBe('é');
    expect(rawOutputContents).toBeUndefined();
    expect(outputs).toEqual([{ name: 'y', datatype, shape: [values.length], contents: { [field]: values } }]);
  });

  test.each(CASES)('%s raw', (datatype, _, values, data) => {
    const input = { name: 'x', datatype, shape: [values.length] };
    const asked = { modelName: 'm', inputs: [input], rawInputContents: [data] };
    const message = readInferMessage(Buffer.from(Request.encode(Request.fromObject(asked)).finish()));
    const { request } = decodeGrpcInfer(message, signature(datatype));
    expect(Buffer.from(request.inputs[0]?.data ?? [])).toEqual(Buffer.from(data));
    expect(answer(datatype, data, values.length, true).rawOutputContents).toEqual([Buffer.from(data)]);
  });

  test('FP16 is raw alone, in both directions', () => {
    const input = { name: 'x', datatype: 'FP16', shape: [1], contents: { intContents: [1] } };
    const message = readInferMessage(
      Buffer.from(Request.encode(Request.fromObject({ modelName: 'm', inputs: [input] })).finish()),
    );
    expect(() => decodeGrpcInfer(message, signature('FP16'))).toThrow(/FP16 has no typed contents/);
    expect(answer('FP16', Uint8Array.of(0, 60), 1, false).rawOutputContents).toHaveLength(1);
  });

  test('elements one by one, instead of packed', () => {
    const bytes = Buffer.from('0a016d2a12' + '0a0178120446503332' + '1801' + '2a05' + '350000803f', 'hex');
    const fixed = readInferMessage(bytes);
    const { request } = decodeGrpcInfer(fixed, {
      ...signature('FP32'),
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
    });
    expect(request.inputs[0]).toMatchObject({ shape: [1], data: Buffer.from('0000803f', 'hex') });
  });

  test('parameters of every kind', () => {
    const parameters = {
      a: { boolParam: true },
      b: { int64Param: -5 },
      c: { stringParam: 's' },
      d: { doubleParam: 0.5 },
      e: { uint64Param: 7 },
      __proto__: {},
    };
    const bytes = Request.encode(Request.fromObject({ modelName: 'm', parameters })).finish();
    expect(readInferMessage(Buffer.from(bytes)).parameters).toEqual({ a: true, b: -5, c: 's', d: 0.5, e: 7 });
  });

  test('a shape without the contents for it gets no memory', () => {
    for (const shape of [[2 ** 40], [2 ** 31 - 1], [2 ** 53 - 1]]) {
      const input = { name: 'x', datatype: 'INT64', shape, contents: { int64Contents: [1, 2, 3] } };
      const bytes = Request.encode(Request.fromObject({ modelName: 'm', inputs: [input] })).finish();
      const message = readInferMessage(Buffer.from(bytes));
      expect(() => decodeGrpcInfer(message, signature('INT64'))).toThrow(
        /contents have 5 bytes, its shape needs/,
      );
    }
  });

  test('a value beyond its datatype is refused', () => {
    const input = { name: 'x', datatype: 'INT8', shape: [1], contents: { intContents: [128] } };
    const bytes = Request.encode(Request.fromObject({ modelName: 'm', inputs: [input] })).finish();
    const message = readInferMessage(Buffer.from(bytes));
    expect(() => decodeGrpcInfer(message, signature('INT8'))).toThrow(/element 0 is 128, beyond INT8/);
  });
});

test('whatever the bytes: a request or a ServingError, never anything else', () => {
  const whole = Request.encode(
    Request.fromObject({
      modelName: 'm',
      id: '1',
      parameters: { p: { stringParam: 'q' } },
      inputs: [{ name: 'x', datatype: 'INT32', shape: [2], contents: { intContents: [1, -2] } }],
      outputs: [{ name: 'y' }],
    }),
  ).finish();
  const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), edits), fc.nat(whole.length), (change, cut) => {
      const bytes = Buffer.from(change instanceof Uint8Array ? change : whole.subarray(0, cut));
      if (!(change instanceof Uint8Array)) for (const [at, byte] of change) if (at < cut) bytes[at] = byte;
      try {
        decodeGrpcInfer(readInferMessage(bytes), signature('INT32'));
      } catch (error) {
        expect(error).toBeInstanceOf(ServingError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('writer and reader agree about every number', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.uint8Array({ maxLength: 3000 }),
      (whole, wide, bytes) => {
        const writer = new ProtobufWriter();
        writer.bytes(536_870_911, bytes);
        const start = writer.length;
        writer.bigVarint(wide);
        writer.close(2, start);
        writer.integer(1, whole);
        const reader = new ProtobufReader(writer.finish(0));
        expect(reader.next() && reader.integer()).toBe(whole);
        expect(reader.next() && BigInt.asIntN(64, new ProtobufReader(reader.bytes()).bits())).toBe(wide);
        expect(reader.next() && Buffer.compare(reader.bytes(), bytes)).toBe(0);
        expect(reader.next()).toBe(false);
      },
    ),
  );
});

test('messages come whole however their bytes are cut', () => {
  const lengths = [0, 1, 3, 700, 0, 5];
  const all = Buffer.concat(
    lengths.map((length, at) =>
      Buffer.concat([Buffer.from([0, 0, 0, length >> 8, length & 255]), Buffer.alloc(length, at)]),
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.nat(all.length), { maxLength: 20 }), (cuts) => {
      const found: Buffer[] = [];
      const reader = new MessageReader(1000, undefined, (message) => found.push(Buffer.from(message)));
      const places = [0, ...cuts.sort((a, b) => a - b), all.length];
      for (let at = 1; at < places.length; at++) reader.read(all.subarray(places[at - 1], places[at]));
      expect(found.map(({ length }) => length)).toEqual(lengths);
      expect(found.every((message, at) => message.every((byte) => byte === at))).toBe(true);
      expect(reader.isCutOff).toBe(false);
    }),
  );
});

test('messages that are too long are refused by their prefix', () => {
  const read = (...prefix: number[]) => new MessageReader(10, 'gzip', () => {}).read(Buffer.from(prefix));
  expect(() => read(2, 0, 0, 0, 1)).toThrow(/begins with 2/);
  expect(() => read(0, 0, 0, 0, 11)).toThrow(/11 bytes, at most 10/);
});

test('status words and timeouts as they stand in headers', () => {
  expect(encodedWords('100% ü\n')).toBe('100%25 %c3%bc%0a');
  expect(decodeURIComponent(encodedWords('\ud800'))).toBe('\ufffd');
  expect(encodedWords('x'.repeat(5000)).length).toBeLessThan(1100);
  expect(['250m', '2S', '1M', '1H', '500u', '', 'x', '123456789m'].map(timeoutMs)).toEqual([
    250,
    2000,
    60_000,
    3_600_000,
    0.5,
    undefined,
    undefined,
    undefined,
  ]);
});

describe('compressed messages', () => {
  const text = Buffer.from('again '.repeat(100));
  const read = (encoding: string | undefined, bytes: Uint8Array, limitBytes = 1000): string => {
    let found = '';
    const reader = new MessageReader(limitBytes, encoding, (message) => {
      found += message.toString();
    });
    reader.read(Buffer.concat([Buffer.from([1, 0, 0, bytes.length >> 8, bytes.length & 255]), bytes]));
    return found;
  };

  test.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
  ])('%s is taken, as far as the limit allows what comes out', (encoding, bytes) => {
    expect(read(encoding, bytes)).toBe(text.toString());
    expect(() => read(encoding, bytes, 599)).toThrow(/more than the 599 bytes/);
    expect(() => read(encoding, text)).toThrow(`the message is not ${encoding}`);
  });

  test('what it is compressed by must be known', () => {
    expect(() => read('snappy', text)).toThrow(/grpc-encoding 'snappy'; accepted: identity, gzip, deflate/);
    expect(() => read(undefined, text)).toThrow(/no grpc-encoding/);
  });
});
