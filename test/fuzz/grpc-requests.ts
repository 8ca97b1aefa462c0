import { gzipSync } from 'node:zlib';
import type { Random } from '../../harness/load/random.ts';
import { FLAG, FRAME, frame, headerBlock, PREFACE, settings, uint32 } from '../support/h2-frames.ts';
import { below, mutated, oneOf } from './mutations.ts';

/** A call's message before its frames. */
export interface GrpcCase {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** With gRPC's prefix. */
  readonly message: Buffer;
  /** The floats that must come back; undefined where the case was changed, or asks for something else. */
  readonly echoes: readonly number[] | undefined;
}

const INFERENCE = '/inference.GRPCInferenceService/';
const HEALTH = '/grpc.health.v1.Health/';

/** A field of bytes, or one of a whole number below 128. */
function field(number: number, value: Buffer | string | number): Buffer {
  if (typeof value === 'number') return Buffer.from([number * 8, value]);
  const bytes = Buffer.from(value);
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
}

const message = (...fields: Buffer[]) => Buffer.concat(fields);

/** Pieces that a reader of protobuf must tell apart, or that mean something in these messages. */
const TOKENS = [
  '0a',
  '12',
  '2a',
  '32',
  '3a',
  '00',
  '07',
  '0b',
  '0c',
  'ffffffffffffffffff01',
  'ffffffffffffffffffff',
  '808080808000',
  '0aff7f',
  '3a80808010',
  '0d0000c07f',
  '090000000000000080',
  '2203616263',
  '220a0a0a5f5f70726f746f5f5f',
  '0a0474657874',
].map((hex) => Buffer.from(hex, 'hex'));

/** A call of some method, its message as it must be or changed, packed or not. */
export function grpcCase(random: Random): GrpcCase {
  const { method, body, echoes } = oneOf(random, KINDS)(random);
  const isChanged = random() < 0.8;
  const changed = isChanged ? mutated(body, random, TOKENS, 6) : body;
  const isPacked = random() < 0.2;
  const prefixed = withPrefix(isPacked ? gzipSync(changed) : changed, isPacked);
  const breaksPrefix = isChanged && random() < 0.1;
  return {
    path: method,
    headers: isPacked ? { 'grpc-encoding': oneOf(random, ['gzip', 'gzip', 'deflate', 'br']) } : {},
    message: breaksPrefix ? mutated(prefixed, random, TOKENS) : prefixed,
    echoes: isChanged || isPacked ? undefined : echoes,
  };
}

function withPrefix(body: Buffer, isPacked: boolean): Buffer {
  return Buffer.concat([Buffer.from([Number(isPacked)]), uint32(body.length), body]);
}

interface Call {
  readonly method: string;
  readonly body: Buffer;
  readonly echoes?: readonly number[];
}

const KINDS: readonly ((random: Random) => Call)[] = [
  (random) => infer(random, 'ModelInfer'),
  (random) => infer(random, 'ModelInfer'),
  (random) => infer(random, 'ModelStreamInfer'),
  (random) => many(random),
  (random) => many(random),
  (random) => document(random),
];

function infer(random: Random, method: string): Call {
  const rows = 1 + below(random, 3);
  const values = Array.from({ length: 3 * rows }, () => (below(random, 4000) - 2000) / 4);
  const floats = Buffer.from(Float32Array.from(values).buffer);
  const isRaw = random() < 0.5;
  const shape = field(3, Buffer.from([rows, 3]));
  const contents = isRaw ? Buffer.alloc(0) : field(5, field(6, floats));
  const input = message(field(1, 'x'), field(2, 'FP32'), shape, contents);
  const final = field(4, message(field(1, 'triton_enable_empty_final_response'), field(2, field(1, 1))));
  const classes = field(2, message(field(1, 'classification'), field(2, field(2, 2))));
  const body = message(
    field(1, 'echo'),
    random() < 0.3 ? field(2, '1') : Buffer.alloc(0),
    field(3, 'id'),
    random() < 0.2 ? final : Buffer.alloc(0),
    field(5, input),
    random() < 0.3 ? field(6, message(field(1, 'same_x'))) : Buffer.alloc(0),
    isRaw ? field(7, floats) : Buffer.alloc(0),
  );
  if (random() < 0.2) {
    return {
      method: INFERENCE + method,
      body: message(body, field(6, message(field(1, 'same_x'), classes))),
    };
  }
  return { method: INFERENCE + method, body, ...(method === 'ModelInfer' ? { echoes: values } : {}) };
}

function many(random: Random): Call {
  return random() < 0.5 ? manyTyped(random) : manyRaw(random);
}

function manyTyped(random: Random): Call {
  const length = 1 + below(random, 4);
  const tensor = (name: string, datatype: string, shape: number[], contents: Buffer) =>
    field(5, message(field(1, name), field(2, datatype), field(3, Buffer.from(shape)), field(5, contents)));
  const body = message(
    field(1, 'many'),
    tensor('bool', 'BOOL', [1, 2], field(1, Buffer.from([1, 0]))),
    tensor('int', 'INT64', [1, length], field(3, Buffer.alloc(length, 7))),
    tensor('byte', 'UINT8', [1, 4], field(4, Buffer.from([0, 1, 2, 127]))),
    tensor('wide', 'FP64', [1, 2], field(7, Buffer.alloc(16))),
    tensor('text', 'BYTES', [1, 1], field(8, 'ab')),
    // It has no contents that are typed: the door says so, unless what is changed hides it.
    tensor('half', 'FP16', [1, 1], field(2, Buffer.from([1]))),
  );
  return { method: `${INFERENCE}ModelInfer`, body };
}

function manyRaw(random: Random): Call {
  const length = 1 + below(random, 4);
  const tensor = (name: string, datatype: string, shape: number[]) =>
    field(5, message(field(1, name), field(2, datatype), field(3, Buffer.from(shape))));
  const body = message(
    field(1, 'many'),
    tensor('bool', 'BOOL', [1, 2]),
    tensor('int', 'INT64', [1, length]),
    tensor('byte', 'UINT8', [1, 4]),
    tensor('half', 'FP16', [1, 1]),
    tensor('wide', 'FP64', [1, 2]),
    tensor('text', 'BYTES', [1, 1]),
    ...[2, 8 * length, 4, 2, 16].map((bytes) => field(7, Buffer.alloc(bytes, below(random, 2)))),
    field(7, Buffer.from('\x02\0\0\0ab', 'latin1')),
  );
  return { method: `${INFERENCE}ModelInfer`, body };
}

function document(random: Random): Call {
  const named = message(field(1, 'echo'), field(2, '1'));
  return oneOf(random, [
    { method: `${INFERENCE}ServerMetadata`, body: Buffer.alloc(0) },
    { method: `${INFERENCE}ModelMetadata`, body: named },
    { method: `${INFERENCE}ModelConfig`, body: named },
    { method: `${INFERENCE}ModelStatistics`, body: named },
    { method: `${INFERENCE}RepositoryIndex`, body: field(2, 1) },
    { method: `${INFERENCE}RepositoryModelLoad`, body: field(2, 'echo') },
    { method: `${INFERENCE}RepositoryModelUnload`, body: field(2, 'echo') },
    { method: `${HEALTH}Check`, body: field(1, 'echo') },
    { method: `${INFERENCE}NoSuchMethod`, body: named },
  ]);
}

/** Frames that a server must tell apart. */
const FRAMES = [
  settings({}),
  settings({ 1: 0, 2: 1, 3: 0, 4: 0x8000_0000, 5: 1 }),
  frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)),
  frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  frame(FRAME.windowUpdate, 0, 0, uint32(0)),
  frame(FRAME.windowUpdate, 0, 1, uint32(0x7fff_ffff)),
  frame(FRAME.rstStream, 0, 1, uint32(8)),
  frame(FRAME.goaway, 0, 0, Buffer.alloc(8)),
  frame(FRAME.continuation, FLAG.endHeaders, 1, Buffer.from([0x88])),
  frame(FRAME.pushPromise, FLAG.endHeaders, 1, uint32(2)),
  frame(FRAME.priority, 0, 1, Buffer.alloc(5)),
  frame(0xfa, 0xff, 5, Buffer.from('unknown')),
  Buffer.from([0xff, 0xff, 0xff]),
  Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f]),
];

export interface GrpcConnection {
  readonly bytes: Buffer;
  /** Calls whose frames are sound, whatever stands in them: so many must end. Undefined where frames were changed. */
  readonly calls: number | undefined;
}

/** A connection with a few calls on it, its frames as they must be or changed. */
export function grpcConnection(random: Random): GrpcConnection {
  const calls = 1 + below(random, 3);
  const change = oneOf(random, ['nothing', 'all', 'calls', 'calls', 'calls', 'calls'] as const);
  const frames = Array.from({ length: calls }, (_, call) =>
    callFrames(1 + 2 * call, random, change === 'nothing'),
  );
  const opening = Buffer.concat([PREFACE, settings({ 4: 65_535 })]);
  const whole = Buffer.concat(frames);
  if (change === 'nothing') return { bytes: Buffer.concat([opening, whole]), calls };
  const changed = change === 'calls' ? mutated(whole, random, FRAMES, 6) : whole;
  const bytes = Buffer.concat([opening, changed]);
  return { bytes: change === 'all' ? mutated(bytes, random, FRAMES, 6) : bytes, calls: undefined };
}

function callFrames(stream: number, random: Random, ends: boolean): Buffer {
  const { path, headers, message: body } = grpcCase(random);
  const block = headerBlock({
    ':method': oneOf(random, ['POST', 'POST', 'POST', 'GET']),
    ':scheme': 'http',
    ':path': path,
    ':authority': 'x',
    'content-type': oneOf(random, ['application/grpc', 'application/grpc', 'text/plain']),
    te: 'trailers',
    ...(random() < 0.2 ? { 'grpc-timeout': oneOf(random, ['1m', '0n', '99999999H', 'x']) } : {}),
    ...headers,
  });
  const half = below(random, body.length + 1);
  return Buffer.concat([
    frame(FRAME.headers, FLAG.endHeaders, stream, block),
    frame(FRAME.data, 0, stream, body.subarray(0, half)),
    frame(FRAME.data, ends || random() < 0.9 ? FLAG.endStream : 0, stream, body.subarray(half)),
  ]);
}
