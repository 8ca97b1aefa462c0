import { FLAG, FRAME, frame, headerBlock } from './h2-frames.ts';

/* The answers of a gRPC server to ModelInfer, in frames. */

const TRUTH = Buffer.from('truth');

/** ModelInferResponse { model_name 1, id 3, outputs 5 { name 1, datatype 2, shape 3 }, raw_output_contents 6 }. */
export function inferMessage(id: string): Buffer {
  const output = Buffer.concat([
    field(1, Buffer.from('y')),
    field(2, Buffer.from('FP32')),
    field(3, Buffer.from([1, 1])),
  ]);
  const value = Buffer.alloc(4);
  value.writeFloatLE(0.5);
  const message = [field(1, TRUTH), field(3, Buffer.from(id)), field(5, output), field(6, value)];
  return prefixed(Buffer.concat(message));
}

/** The `id` (field 3) of a ModelInferRequest behind its prefix of 5 bytes; empty where there is none. */
export function requestId(body: Buffer): string {
  let at = 5;
  while (at < body.length) {
    const key = body[at] ?? 0;
    const [length, next] = varint(body, at + 1);
    if ((key & 7) !== 2) return '';
    if (key >> 3 === 3) return body.toString('latin1', next, next + length);
    at = next + length;
  }
  return '';
}

export function answerHead(stream: number): Buffer {
  const block = headerBlock({ ':status': '200', 'content-type': 'application/grpc' });
  return frame(FRAME.headers, FLAG.endHeaders, stream, block);
}

export function trailers(stream: number, status = '0'): Buffer {
  return frame(
    FRAME.headers,
    FLAG.endHeaders | FLAG.endStream,
    stream,
    headerBlock({ 'grpc-status': status }),
  );
}

export function trailersOnly(stream: number, status: string): Buffer {
  const headers = {
    ':status': '200',
    'content-type': 'application/grpc',
    'grpc-status': status,
    'grpc-message': 'as told',
  };
  return frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, headerBlock(headers));
}

export function data(stream: number, payload: Buffer, flags = 0): Buffer {
  return frame(FRAME.data, flags, stream, payload);
}

export function wholeAnswer(stream: number, id: string): Buffer {
  return Buffer.concat([answerHead(stream), data(stream, inferMessage(id)), trailers(stream)]);
}

/** Compressed flag 0 and the length, before each gRPC message. */
function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A length-delimited protobuf field shorter than 128 bytes. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function varint(bytes: Buffer, from: number): [value: number, next: number] {
  let value = 0;
  let at = from;
  for (let shift = 1; at < bytes.length; shift *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * shift;
    if (byte < 128) break;
  }
  return [value, at];
}
