import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { oipGrpc } from '../../../harness/protocols/oip-grpc.ts';
import { varint, WIDEST_VARINT, writeWideVarint } from '../../../harness/protocols/protobuf-bytes.ts';
import { ProtobufScan } from '../../../harness/protocols/protobuf-scan.ts';
import { readId, writeId } from '../../../harness/protocols/request-id.ts';
import type { Template } from '../../../harness/transports/transport.ts';
import type { Sample } from '../../../harness/workload/workload.ts';

const root = protobuf.loadSync(
  fileURLToPath(new URL('../../../proto/open_inference.proto', import.meta.url)),
);
const Request = root.lookupType('inference.ModelInferRequest');
const Response = root.lookupType('inference.ModelInferResponse');
const StreamResponse = root.lookupType('inference.ModelStreamInferResponse');

const MODEL = { name: 'a model', version: '2', inputs: [], outputs: [] };

function sample(datatype: string, from: number, step: number): Sample {
  return {
    requestClass: 0,
    rows: 2,
    inputs: [
      { name: 'x', datatype, shape: [2, 3], values: Float64Array.of(9, 9, 1, 0, 4, 5) },
      { name: 'ids', datatype: 'INT64', shape: [2, 1], values: Float64Array.of(7, -8) },
    ],
    variation: { elements: 2, radix: 10, from, step, keyOf: (index) => index },
  };
}

/** The message of request `index`, as it leaves. */
function messageOf(template: Template, index: number) {
  const buffer = Buffer.concat([Buffer.alloc(50, 1), template.own, template.shared]);
  template.stamp(buffer, 50, index);
  expect(buffer.subarray(0, 50)).toEqual(Buffer.alloc(50, 1));
  return Request.toObject(Request.decode(buffer.subarray(50)), { longs: Number });
}

const about = (datatype: string) => ({
  modelName: 'a model',
  modelVersion: '2',
  id: '000000000042',
  inputs: [
    { name: 'x', datatype, shape: [2, 3] },
    { name: 'ids', datatype: 'INT64', shape: [2, 1] },
  ],
});

describe('oipGrpc, requests', () => {
  it('writes raw contents, tagged and varied by the index', () => {
    const template = oipGrpc({ model: MODEL, encoding: 'binary', stream: false }).encode(
      sample('FP32', -1, 0.25),
    );
    expect([template.path, template.call]).toEqual(['/inference.GRPCInferenceService/ModelInfer', 'unary']);
    const { rawInputContents, ...message } = messageOf(template, 42);
    expect(message).toEqual(about('FP32'));
    expect(rawInputContents).toEqual([
      Buffer.from(Float32Array.of(-0.5, 0, 1, 0, 4, 5).buffer),
      Buffer.from(BigInt64Array.of(7n, -8n).buffer),
    ]);
  });

  it.each([
    ['FP32', 'fp32Contents', -1, 0.25, [-0.5, 0, 1, 0, 4, 5]],
    ['FP64', 'fp64Contents', -1, 0.25, [-0.5, 0, 1, 0, 4, 5]],
    ['INT32', 'intContents', -3, 1, [-1, 1, 1, 0, 4, 5]],
    ['INT64', 'int64Contents', -3, 1, [-1, 1, 1, 0, 4, 5]],
    ['UINT8', 'uintContents', 100, 10, [120, 140, 1, 0, 4, 5]],
    ['UINT64', 'uint64Contents', 2 ** 40, 1, [2 ** 40 + 2, 2 ** 40 + 4, 1, 0, 4, 5]],
    ['BOOL', 'boolContents', 0, 1, [true, true, true, false, true, true]],
  ])('writes typed contents of %s', (datatype, field, from, step, values) => {
    const template = oipGrpc({ model: MODEL, encoding: 'json', stream: true }).encode(
      sample(datatype, from, step),
    );
    expect([template.path, template.call]).toEqual([
      '/inference.GRPCInferenceService/ModelStreamInfer',
      'bidirectional',
    ]);
    const [x, ids] = about(datatype).inputs;
    expect(messageOf(template, 42)).toEqual({
      ...about(datatype),
      inputs: [
        { ...x, contents: { [field]: values } },
        { ...ids, contents: { int64Contents: [7, -8] } },
      ],
    });
  });

  it.each(['json', 'binary'] as const)('%s: stamps only what is its own', (encoding) => {
    const template = oipGrpc({ model: MODEL, encoding, stream: false }).encode(sample('INT32', 0, 1));
    const bytes = [1, 999_999].map((index) => {
      const buffer = Buffer.concat([template.own, template.shared]);
      template.stamp(buffer, 0, index);
      return buffer;
    });
    expect(bytes[0]?.subarray(template.own.length)).toEqual(bytes[1]?.subarray(template.own.length));
    const { requestClass, rows, inputs } = sample('INT32', 0, 1);
    const plain = oipGrpc({ model: MODEL, encoding, stream: false }).encode({ requestClass, rows, inputs });
    expect(plain.own.length).toBeLessThan(template.own.length);
    expect(messageOf(plain, 42)).toMatchObject({ id: '000000000042', modelVersion: '2' });
  });

  it.each(['json', 'binary'] as const)('%s: asks how old an answer is where that is wanted', (encoding) => {
    const options = { model: MODEL, encoding, stream: false };
    const [plain, asking] = [oipGrpc(options), oipGrpc({ ...options, asksAge: true })].map((protocol) =>
      messageOf(protocol.encode(sample('FP32', -1, 0.25)), 42),
    );
    expect(asking).toEqual({ ...plain, parameters: { cache_age: { boolParam: true } } });
    const { requestClass, rows, inputs } = sample('FP32', 0, 1);
    const still = oipGrpc({ ...options, asksAge: true }).encode({ requestClass, rows, inputs });
    expect(messageOf(still, 42)).toMatchObject({ id: '000000000042', parameters: asking?.parameters });
  });

  it('says that FP16 travels raw only', () => {
    const protocol = oipGrpc({ model: MODEL, encoding: 'json', stream: false });
    expect(() => protocol.encode(sample('FP16', 0, 1))).toThrow(/travel raw only/);
  });
});

const OUTPUT = { name: 'y', datatype: 'FP32', shape: [1, 2] };
const RAW = {
  id: '000000000042',
  outputs: [OUTPUT],
  rawOutputContents: [Buffer.from(Float32Array.of(1, 2).buffer)],
};
const bytesOf = (type: protobuf.Type, message: object) =>
  Buffer.from(type.encode(type.fromObject(message)).finish());

describe('OipGrpcReader', () => {
  function judged(message: Buffer, { stream = false, status = 0, pieces = 1 } = {}): string {
    const reader = oipGrpc({ model: MODEL, encoding: 'json', stream }).reader();
    reader.begin(7);
    reader.data(Buffer.alloc(2000, 0xff), 0, 2000);
    reader.begin(42);
    const step = Math.max(1, Math.ceil(message.length / pieces));
    for (let at = 0; at < message.length; at += step) {
      reader.data(
        Buffer.concat([Buffer.from('..'), message.subarray(at, at + step)]),
        2,
        Math.min(step, message.length - at) + 2,
      );
    }
    return reader.finish(status);
  }
  const whole = bytesOf(Response, RAW);
  const long = bytesOf(Response, { ...RAW, rawOutputContents: [Buffer.alloc(100_000, 0xff)] });
  const other = bytesOf(Response, { ...RAW, id: '000000000043' });

  it.each([
    ['its own answer', whole, 'ok'],
    ['one that is longer than what is kept', long, 'ok'],
    ['one without an id', bytesOf(Response, { ...RAW, id: '' }), 'ok'],
    ["another's", other, 'wrong-answer'],
    ['a shorter id', bytesOf(Response, { ...RAW, id: '42' }), 'wrong-answer'],
    ['nothing', Buffer.alloc(0), 'malformed'],
    ['no outputs', bytesOf(Response, { id: RAW.id }), 'malformed'],
    ['one that is cut off', whole.subarray(0, -1), 'malformed'],
    ['a long one that is cut off', long.subarray(0, -1), 'malformed'],
    ['text', Buffer.from('<html>'), 'malformed'],
  ])('judges %s, in however many pieces', (_, message, outcome) => {
    expect(judged(message)).toBe(outcome);
    expect(judged(message, { pieces: 7 })).toBe(outcome);
  });

  it.each([
    ['says nothing', {}, -1],
    ['was computed as the request came', { cache_age_us: { int64Param: 0 } }, 0],
    ['says a time', { cache_age_us: { int64Param: 1_234_567 } }, 1_234_567],
    ['says other things too', { triton: { boolParam: true }, cache_age_us: { int64Param: 7 }, z: {} }, 7],
    ['says it of something else', { cache_age_us2: { int64Param: 7 }, cache_age: { int64Param: 8 } }, -1],
  ])('reads how old an answer is that %s', (_, parameters, ageUs) => {
    const message = bytesOf(Response, { ...RAW, parameters });
    for (const [stream, bytes] of [
      [false, message],
      [true, bytesOf(StreamResponse, { inferResponse: { ...RAW, parameters } })],
    ] as const) {
      const reader = oipGrpc({ model: MODEL, encoding: 'json', stream }).reader();
      reader.begin(42);
      reader.data(bytes, 0, bytes.length);
      expect([reader.finish(0), reader.ageUs?.()]).toEqual(['ok', ageUs]);
      reader.begin(43);
      expect(reader.ageUs?.()).toBe(-1);
    }
  });

  it('judges by status first', () => {
    expect([0, 3, 4, 14, 99].map((status) => judged(whole, { status }))).toEqual([
      'ok',
      'grpc-invalid-argument',
      'grpc-deadline-exceeded',
      'grpc-unavailable',
      'malformed',
    ]);
  });

  it.each([
    ['an answer', { inferResponse: RAW }, 'ok'],
    ["another's", { inferResponse: { ...RAW, id: '000000000001' } }, 'wrong-answer'],
    ['an error', { errorMessage: 'no', inferResponse: { id: RAW.id } }, 'grpc-unknown'],
    ['nothing', {}, 'malformed'],
  ])('judges %s in a stream', (_, message, outcome) => {
    expect(judged(bytesOf(StreamResponse, message), { stream: true })).toBe(outcome);
  });

  it('tells what the server said of a refusal in a stream, and forgets it', () => {
    const reader = oipGrpc({ model: MODEL, encoding: 'json', stream: true }).reader();
    const complaintOf = (message: object) => {
      const bytes = bytesOf(StreamResponse, message);
      reader.begin(42);
      reader.data(bytes, 0, bytes.length);
      reader.finish(0);
      return reader.complaint?.();
    };
    expect(complaintOf({ errorMessage: 'voll ü' })).toBe('voll ü');
    expect(complaintOf({ errorMessage: 'n'.repeat(2000) })).toMatch(/^n{900,1024}$/);
    expect(complaintOf({ inferResponse: RAW })).toBeUndefined();
  });

  it('judges a long answer by what it keeps, wherever in a field the kilobyte ends', () => {
    for (let length = 900; length < 1010; length++) {
      const padding = { name: 'z'.repeat(length), datatype: 'FP32', shape: [1] };
      const message = bytesOf(Response, { ...RAW, outputs: [padding, OUTPUT, OUTPUT, OUTPUT, OUTPUT] });
      expect([length, judged(message)]).toEqual([length, 'ok']);
    }
  });
});

describe('oipGrpc, answers', () => {
  const { outputs } = oipGrpc({ model: MODEL, encoding: 'json', stream: false });
  const streamed = oipGrpc({ model: MODEL, encoding: 'json', stream: true });

  it('names the request of a streamed answer, in the middle of a buffer', () => {
    const { correlation } = streamed.encode(sample('FP32', 0, 1));
    const asked = (message: object) => {
      const bytes = bytesOf(StreamResponse, message);
      return correlation?.requestOf(
        Buffer.concat([Buffer.alloc(9, 8), bytes, Buffer.alloc(9, 8)]),
        9,
        9 + bytes.length,
      );
    };
    expect(asked({ inferResponse: RAW })).toBe(42);
    expect(asked({ errorMessage: 'no', inferResponse: { id: '000000000007' } })).toBe(7);
    expect(asked({ errorMessage: 'no' })).toBe(-1);
    expect(asked({ inferResponse: { ...RAW, id: 'x' } })).toBe(-1);
  });

  it.each([
    ['FP32', 'fp32Contents', [0.5, -2]],
    ['FP64', 'fp64Contents', [0.1, -1e300]],
    ['INT8', 'intContents', [-128, 127]],
    ['INT64', 'int64Contents', [-1, 2 ** 53 - 1]],
    ['UINT32', 'uintContents', [0, 2 ** 32 - 1]],
    ['BOOL', 'boolContents', [true, false]],
  ])('reads typed %s', (datatype, field, values) => {
    const message = { outputs: [{ name: 'y', datatype, shape: [2], contents: { [field]: values } }] };
    expect(outputs?.(bytesOf(Response, message))).toEqual([
      { name: 'y', values: Float64Array.from(values, Number) },
    ]);
  });

  it('reads raw numbers by position, leaves texts out, and reads nothing out of what is no answer', () => {
    const text = { name: 'label', datatype: 'BYTES', shape: [1] };
    const message = {
      outputs: [text, OUTPUT],
      rawOutputContents: [Buffer.from('\x01\0\0\0a', 'latin1'), Buffer.from(Float32Array.of(1, 2).buffer)],
    };
    const expected = [{ name: 'y', values: Float64Array.of(1, 2) }];
    expect(outputs?.(bytesOf(Response, message))).toEqual(expected);
    expect(streamed.outputs?.(bytesOf(StreamResponse, { inferResponse: message }))).toEqual(expected);
    expect(outputs?.(Buffer.from('<html>'))).toBeUndefined();
  });
});

describe('numbers on the wire', () => {
  it('a wide varint is the number that a short one is', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const wide = Buffer.alloc(WIDEST_VARINT);
        writeWideVarint(wide, 0, value);
        const scan = new ProtobufScan();
        scan.start(wide, 0, wide.length, wide.length);
        expect(scan.number(0)).toBe(value);
        expect(Number(protobuf.Reader.create(wide).int64())).toBe(value);
        const short = varint(value);
        scan.start(short, 0, short.length, short.length);
        expect([scan.number(0), scan.numberEnd]).toEqual([value, short.length]);
      }),
    );
  });

  it('an id is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999_999), (index) => {
        const buffer = Buffer.alloc(14);
        writeId(buffer, 1, index);
        expect(readId(buffer, 1, 13)).toBe(index);
      }),
    );
  });

  it('whatever the bytes, the scan ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, kept) => {
        const scan = new ProtobufScan();
        scan.start(Buffer.from(bytes), 0, Math.min(kept, bytes.length), bytes.length);
        let fields = 0;
        while (scan.next()) fields += 1;
        expect(fields).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
