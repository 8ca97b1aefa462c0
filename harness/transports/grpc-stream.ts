import type { GrpcRequest } from './grpc-request.ts';
import { PREFIX_BYTES } from './grpc-request.ts';
import { Http2Stream } from './http2-stream.ts';

export const NOT_SENT = -1;

/** One call on its stream: whose it is, and how far its answer has come. */
export class GrpcStream extends Http2Stream {
  slot = -1;
  index = 0;
  request: GrpcRequest | undefined;
  /** When its first byte was handed over, on whichever connection; NOT_SENT until then. */
  sentAtMs = NOT_SENT;
  /** Its first byte has been handed over on this connection. */
  departed = false;
  httpStatus = 0;
  /** gRPC's; -1 until the trailers. */
  status = -1;
  /** Bytes of the next message's prefix that have come. */
  prefixBytes = 0;
  /** Of the present message, still to come. */
  messageLeft = 0;
  messages = 0;

  begin(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void {
    this.request = request;
    this.slot = slot;
    this.index = index;
    this.sentAtMs = sentAtMs;
    this.departed = false;
    this.httpStatus = 0;
    this.status = -1;
    this.prefixBytes = 0;
    this.messageLeft = 0;
    this.messages = 0;
  }

  /** The stream ended within a message. */
  get isCutOff(): boolean {
    return this.prefixBytes > 0;
  }
}

/** What the DATA of a stream consists of. */
export interface MessageEvents {
  messageBytes(stream: GrpcStream, buffer: Buffer, from: number, to: number): void;
  messageEnd(stream: GrpcStream): void;
}

/**
 * Takes messages out of a piece of a stream's DATA: prefix (a byte that says whether it is compressed, and the length),
 * then as many bytes. False for a compressed message: we have asked for none.
 */
export function readMessages(
  stream: GrpcStream,
  buffer: Buffer,
  from: number,
  to: number,
  events: MessageEvents,
): boolean {
  let at = from;
  while (at < to) {
    if (stream.prefixBytes < PREFIX_BYTES) {
      const byte = buffer[at++] ?? 0;
      if (stream.prefixBytes === 0) {
        if (byte !== 0) return false;
        stream.messageLeft = 0;
      } else stream.messageLeft = stream.messageLeft * 256 + byte;
      stream.prefixBytes += 1;
      if (stream.prefixBytes < PREFIX_BYTES || stream.messageLeft > 0) continue;
    } else {
      const end = Math.min(to, at + stream.messageLeft);
      events.messageBytes(stream, buffer, at, end);
      stream.messageLeft -= end - at;
      at = end;
      if (stream.messageLeft > 0) return true;
    }
    stream.prefixBytes = 0;
    stream.messages += 1;
    events.messageEnd(stream);
  }
  return true;
}
