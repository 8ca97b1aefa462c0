import { UsageError } from '../errors.ts';
import { encodeHeaders } from './hpack-encoder.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  HEADERS,
  writeFrameHeader,
  writeUint32,
} from './http2-frames.ts';
import type { Prepared, Template } from './transport.ts';

/** A message's prefix: not compressed, and its length. */
export const PREFIX_BYTES = 5;

/**
 * A request in wire form. The id of the stream is patched into each frame.
 *
 *     whole:  HEADERS frame, DATA frame with prefix, own and shared -> copied per request, stamped (small messages only)
 *     head:   HEADERS frame
 *     own:    prefix and own part of the message                    -> copied per request, stamped
 *     shared: rest of the message
 */
export interface GrpcRequest extends Prepared {
  /** One message answers it. */
  readonly isUnary: boolean;
  readonly isBidirectional: boolean;
  /** Without the prefix. */
  readonly messageBytes: number;
  readonly whole: Buffer | undefined;
  /** Where the DATA frame begins in `whole`. */
  readonly dataAt: number;
  readonly head: Buffer;
  readonly own: Buffer;
  readonly shared: Buffer;
}

export interface GrpcHeaders {
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** Sent with every call. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Throws UsageError for headers that do not fit into one frame. */
export function grpcRequest(template: Template, headers: GrpcHeaders): GrpcRequest {
  const block = encodeHeaders(headerList(template, headers));
  if (block.length > FRAME_BYTES)
    throw new UsageError(
      `the metadata of a call is ${block.length} bytes; a call carries ${FRAME_BYTES} at most`,
      'Shorten target.headers and the metadata of target.grpc.',
    );
  const head = frame(HEADERS, END_HEADERS, block);
  const bytes = template.own.length + template.shared.length;
  const own = Buffer.alloc(PREFIX_BYTES + template.own.length);
  writeUint32(own, 1, bytes);
  own.set(template.own, PREFIX_BYTES);
  const shared = viewOf(template.shared);
  const isBidirectional = template.call === 'bidirectional';
  const isWhole = !isBidirectional && PREFIX_BYTES + bytes <= FRAME_BYTES;
  const data = isWhole ? frame(DATA, END_STREAM, Buffer.concat([own, shared])) : undefined;
  const whole = data === undefined ? undefined : Buffer.concat([head, data]);
  const isUnary = (template.call ?? 'unary') === 'unary';
  return {
    template,
    isUnary,
    isBidirectional,
    messageBytes: bytes,
    whole,
    dataAt: head.length,
    head,
    own,
    shared,
  };
}

/** gRPC's order: pseudo-fields, then the call's own, then the user's. */
function headerList(
  { path, headers: own, call }: Template,
  { scheme, authority, metadata, timeoutMs }: GrpcHeaders,
): (readonly [string, string])[] {
  const deadline = [['grpc-timeout', `${grpcTimeout(timeoutMs)}`]] as const;
  return [
    [':method', 'POST'],
    [':scheme', scheme],
    [':path', path],
    [':authority', authority],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['grpc-accept-encoding', 'identity'],
    // A stream that carries many requests has no end of its own.
    ...(call === 'bidirectional' ? [] : deadline),
    ...Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value] as const),
    ...own.map(([name, value]) => [name.toLowerCase(), value] as const),
  ];
}

/** At most eight digits: milliseconds as long as they fit, then seconds. */
function grpcTimeout(timeoutMs: number): string {
  const whole = Math.max(1, Math.ceil(timeoutMs));
  return whole < 1e8 ? `${whole}m` : `${Math.min(99_999_999, Math.ceil(whole / 1000))}S`;
}

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, 0);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
