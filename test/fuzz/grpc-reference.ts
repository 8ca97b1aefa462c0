import { FLAG, FRAME, FRAME_HEAD_BYTES } from '../support/h2-frames.ts';
import type { Fate } from './fate.ts';
import { grpcBlock } from './grpc-block.ts';
import { GrpcCalls, type OpenCall } from './grpc-calls.ts';
import { readFields } from './hpack-reference.ts';

/*
 * A connection of unary gRPC calls read the slow way, all bytes at hand, from RFC 9113, RFC 7541 and gRPC's own paper: what
 * the engine must make of them. Passed over where they ask for more: PRIORITY frames, fields that only HTTP/1.1 has,
 * Content-Length, and blanks around values.
 */

/** What our SETTINGS allow, or RFC 9113 where they are silent. */
const FRAME_BYTES = 16_384;
const BLOCK_BYTES = 65_536;
const MOST_WINDOW = 2 ** 31 - 1;
const SETTING = { push: 2, concurrent: 3, window: 4, frameBytes: 5 } as const;
const REFUSED_STREAM = 7;

interface FrameRead {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly length: number;
  /** As much as there is. */
  readonly payload: Buffer;
}

/** The whole connection is to be given up. */
class ConnectionError extends Error {}

/**
 * What all the bytes make of `count` calls that were asked for before them, when the connection ends with the bytes and
 * no other is to be had. Undefined where that hangs on when our own bytes leave.
 */
export function readCalls(bytes: Buffer, count: number): readonly Fate[] | undefined {
  const calls = new GrpcCalls(count);
  const reading = new ConnectionReading(calls);
  try {
    for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
      const start = at + FRAME_HEAD_BYTES;
      const length = bytes.readUIntBE(at, 3);
      reading.frame({
        type: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        stream: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
        length,
        payload: bytes.subarray(start, start + length),
      });
      at = start + length;
    }
    calls.connectionEnds('lost');
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    calls.connectionEnds('malformed');
  }
  return calls.hangsOnTime ? undefined : calls.fates;
}

class ConnectionReading {
  readonly #calls: GrpcCalls;
  /** A header block whose end has not come. */
  #block: { readonly stream: number; readonly ends: boolean; readonly pieces: Buffer[] } | undefined;

  constructor(calls: GrpcCalls) {
    this.#calls = calls;
  }

  /** The last one may be cut off. */
  frame(frame: FrameRead): void {
    const { type, stream, length, payload } = frame;
    demand(length <= FRAME_BYTES);
    demand((type === FRAME.continuation) === (this.#block !== undefined));
    demand(this.#block === undefined || stream === this.#block.stream);
    if (type === FRAME.data) this.#data(frame);
    else if (payload.length < length) return;
    else if (type === FRAME.headers) this.#headers(frame);
    else if (type === FRAME.continuation) this.#continuation(frame);
    else if (!this.#calls.isReady) demand(type === FRAME.settings && (frame.flags & FLAG.ack) === 0);
    if (type === FRAME.settings) this.#settings(frame);
    else if (type === FRAME.windowUpdate) this.#windowUpdate(frame);
    else if (type === FRAME.rstStream) this.#reset(frame);
    else if (type === FRAME.ping) demand(stream === 0 && length === 8);
    else if (type === FRAME.goaway) this.#goAway(frame);
    else demand(type !== FRAME.pushPromise);
  }

  #data({ flags, stream, length, payload }: FrameRead): void {
    const isPadded = (flags & FLAG.padded) !== 0;
    demand(!isPadded || length > 0);
    const call = this.#known(stream);
    if (call?.httpStatus === undefined) this.#calls.fails(call, 'malformed');
    const padding = isPadded ? (payload[0] ?? 0) : 0;
    const from = isPadded ? 1 : 0;
    demand(from + padding <= length);
    this.#calls.hears(call, payload.subarray(from, length - padding));
    if (payload.length === length && (flags & FLAG.endStream) !== 0) this.#calls.ends(call);
  }

  #headers({ flags, stream, payload }: FrameRead): void {
    demand(stream !== 0);
    const isPadded = (flags & FLAG.padded) !== 0;
    const from = (isPadded ? 1 : 0) + ((flags & FLAG.priority) === 0 ? 0 : 5);
    const to = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
    demand(from <= to);
    this.#block = { stream, ends: (flags & FLAG.endStream) !== 0, pieces: [] };
    this.#moreOfBlock(flags, payload.subarray(from, to));
  }

  #continuation({ flags, payload }: FrameRead): void {
    this.#moreOfBlock(flags, payload);
  }

  #moreOfBlock(flags: number, piece: Buffer): void {
    const block = this.#block;
    block?.pieces.push(piece);
    if (block === undefined || (flags & FLAG.endHeaders) === 0) return;
    this.#block = undefined;
    const call = this.#known(block.stream);
    if (call === undefined) return;
    const whole = Buffer.concat(block.pieces);
    const isTooLong = whole.length + block.pieces.length * FRAME_HEAD_BYTES > BLOCK_BYTES;
    if (isTooLong) this.#calls.fails(call, 'malformed');
    else this.#wholeBlock(call, whole, block.ends);
  }

  #wholeBlock(call: OpenCall, bytes: Buffer, ends: boolean): void {
    const fields = readFields(bytes);
    demand(fields !== undefined);
    const block = grpcBlock(fields);
    const isHead = block?.httpStatus !== undefined;
    const isInterim = isHead && (block.httpStatus ?? 0) < 200;
    const isDue = isHead === (call.httpStatus === undefined);
    if (block === undefined || !isDue || (isInterim ? ends : !isHead && !ends)) {
      this.#calls.fails(call, 'malformed');
      return;
    }
    if (isInterim) return;
    call.httpStatus ??= block.httpStatus;
    if (ends) {
      call.grpcStatus = block.grpcStatus;
      this.#calls.ends(call);
    } else if (call.httpStatus === 200 && !block.isGrpc) this.#calls.fails(call, 'malformed');
  }

  #settings({ flags, stream, payload }: FrameRead): void {
    demand(stream === 0);
    if ((flags & FLAG.ack) !== 0) {
      demand(payload.length === 0);
      return;
    }
    demand(payload.length % 6 === 0);
    let { concurrent, window } = this.#calls.settings;
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const id = payload.readUInt16BE(at);
      if (id === SETTING.push) demand(value === 0);
      if (id === SETTING.frameBytes) demand(value >= FRAME_BYTES && value < 2 ** 24);
      if (id === SETTING.concurrent) concurrent = value;
      if (id === SETTING.window) window = value;
      demand(window <= MOST_WINDOW);
    }
    const isWithin = this.#calls.setWindow(window);
    demand(isWithin);
    this.#calls.setConcurrent(concurrent);
  }

  #windowUpdate({ stream, payload }: FrameRead): void {
    demand(payload.length === 4);
    const increment = payload.readUInt32BE() & MOST_WINDOW;
    if (stream === 0) {
      this.#calls.window += increment;
      demand(increment > 0 && this.#calls.window <= MOST_WINDOW);
      return;
    }
    const call = this.#known(stream);
    if (call === undefined) return;
    call.window += increment;
    if (increment === 0 || call.window > MOST_WINDOW) this.#calls.fails(call, 'malformed');
  }

  #reset({ stream, payload }: FrameRead): void {
    demand(payload.length === 4);
    const call = this.#known(stream);
    this.#calls.fails(call, payload.readUInt32BE() === REFUSED_STREAM ? 'disowned' : 'lost');
  }

  #goAway({ stream, payload }: FrameRead): void {
    demand(stream === 0 && payload.length >= 8);
    this.#calls.takesNoMore(payload.readUInt32BE() & MOST_WINDOW);
  }

  /** Undefined for a stream that is gone; one that never was is an error. */
  #known(stream: number): OpenCall | undefined {
    demand(this.#calls.hasOpened(stream));
    return this.#calls.open.get(stream);
  }
}

function demand(isSound: boolean): asserts isSound {
  if (!isSound) throw new ConnectionError();
}
