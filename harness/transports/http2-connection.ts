import type { HeaderFields } from './header-fields.ts';
import { HEADER_LIST_BYTES, type HeaderDecoder } from './hpack-decoder.ts';
import { type FrameEvents, Http2FrameReader } from './http2-frame-reader.ts';
import * as h2 from './http2-frames.ts';
import { Http2Output } from './http2-output.ts';
import { Http2Sender } from './http2-sender.ts';
import { ServerSettings } from './http2-settings.ts';
import type { Http2Stream } from './http2-stream.ts';
import { StreamTable } from './stream-table.ts';

/** How a stream ended without END_STREAM. `unprocessed`: the server says that it did nothing, so it may be asked again. */
export type StreamFailure = 'reset' | 'unprocessed' | 'malformed';

/** What the server's bytes mean. A stream is gone when `ended` or `failed` is called, and reused after it. */
export interface Http2Events<S extends Http2Stream> {
  /** The server's first settings have come. */
  ready(): void;
  /** A final header block: head, or trailers when `last`. Fields are valid during the call. */
  headers(stream: S, fields: HeaderFields, last: boolean): void;
  data(stream: S, buffer: Buffer, from: number, to: number): void;
  ended(stream: S): void;
  failed(stream: S, how: StreamFailure): void;
  /** More streams may be opened, or none any more. */
  capacityChanged(): void;
}

export interface Http2Options<S extends Http2Stream> {
  readonly events: Http2Events<S>;
  /** Shared by all connections of a thread. */
  readonly decoder: HeaderDecoder;
  readonly newStream: () => S;
  /** How much of an answer may be on its way. */
  readonly windowBytes?: number;
}

/** More than any message needs: what comes is consumed at once, so there is nothing to hold a server back from. */
const WINDOW_BYTES = 2 ** 30;
/** A server that keeps asking and does not read the answers. */
const UNREAD_BYTES = 2 ** 26;

/**
 * The client's side of one HTTP/2 connection as a state machine: bytes in (`read`), events out, and bytes out (`output`,
 * after `fill`). No socket, no clock. Whatever the bytes are, it answers with events or with false, never with an
 * exception.
 */
export class Http2Connection<S extends Http2Stream> implements FrameEvents {
  readonly output = new Http2Output();
  readonly streams = new StreamTable<S>();
  readonly #options: Http2Options<S>;
  readonly #events: Http2Events<S>;
  readonly #reader = new Http2FrameReader(this);
  readonly #sender = new Http2Sender(this.output);
  readonly #settings = new ServerSettings();
  readonly #windowBytes: number;
  readonly #pool: S[] = [];
  #ready = false;
  #draining = false;
  #dead = false;
  #nextId = 1;
  #receiveWindow: number;
  /** The stream of the DATA frame that is being read, unless it is gone. */
  #receiving: S | undefined;
  #receivingId = 0;

  constructor(options: Http2Options<S>) {
    this.#options = options;
    this.#events = options.events;
    this.#windowBytes = options.windowBytes ?? WINDOW_BYTES;
    this.#receiveWindow = Math.max(this.#windowBytes, h2.FIRST_WINDOW_BYTES);
    this.output.bytes(h2.clientOpening(this.#windowBytes, HEADER_LIST_BYTES));
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The server will take no more streams; those that are open may finish. */
  get draining(): boolean {
    return this.#draining;
  }

  /** How many streams may be opened now. */
  get capacity(): number {
    if (!this.#ready || this.#draining || this.#dead) return 0;
    return Math.max(0, this.#settings.concurrentStreams - this.streams.size);
  }

  /** False when the connection is of no further use; what `output` holds then says why, to the server. */
  read(buffer: Buffer, from: number, to: number): boolean {
    if (this.#dead) return false;
    const error = this.#reader.read(buffer, from, to);
    if (error !== h2.NO_ERROR) this.#die(error);
    else if (this.output.length > UNREAD_BYTES) this.#die(h2.ENHANCE_YOUR_CALM);
    return !this.#dead;
  }

  /** Nothing more is read or told. */
  stop(): void {
    this.#dead = true;
    this.#reader.stop();
  }

  /** Moves waiting messages into the output, as far as there is room. */
  fill(): void {
    this.#sender.fill();
  }

  /** Opens a stream with a pre-encoded HEADERS frame. `capacity` must be above 0. */
  open(headersFrame: Buffer): S {
    const stream = this.#newStream();
    const at = this.output.bytes(headersFrame);
    h2.writeUint32(this.output.buffer, at + h2.STREAM_ID_AT, stream.id);
    return stream;
  }

  /**
   * Opens a stream with HEADERS and the only DATA frame in one piece, when there is room for it. `dataAt`: where the DATA
   * frame begins in `frames`. The payload begins at `output.length` - (`frames.length` - `dataAt` - 9).
   */
  openWhole(frames: Buffer, dataAt: number): S | undefined {
    const bytes = frames.length - dataAt - h2.FRAME_HEADER_BYTES;
    if (!this.#sender.fits(bytes, this.#settings.windowBytes)) return undefined;
    const stream = this.open(frames);
    const at = this.output.length - frames.length + dataAt;
    h2.writeUint32(this.output.buffer, at + h2.STREAM_ID_AT, stream.id);
    this.#sender.window -= bytes;
    stream.sendWindow -= bytes;
    stream.endQueued = true;
    return stream;
  }

  /** Sends a message on an open stream as soon as windows allow; gives its own bytes, to be stamped now. */
  send(stream: S, own: Buffer, shared: Buffer, endsStream: boolean): Buffer {
    if (endsStream) stream.endQueued = true;
    return this.#sender.queue(stream, own, shared, endsStream);
  }

  /** Ends a stream without a word to the events. */
  cancel(stream: S, errorCode: number): void {
    if (stream.id === 0) return;
    this.output.frameOfNumber(h2.RST_STREAM, stream.id, errorCode);
    this.#remove(stream);
    this.#recycle(stream);
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (!this.#ready && (type !== h2.SETTINGS || (flags & h2.ACK) !== 0)) return h2.PROTOCOL_ERROR;
    switch (type) {
      case h2.SETTINGS:
        return this.#onSettings(flags, streamId, buffer, from, to);
      case h2.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, buffer, from, to);
      case h2.RST_STREAM:
        return this.#onReset(streamId, buffer, from, to);
      case h2.PING:
        return this.#onPing(flags, streamId, buffer, from, to);
      case h2.GOAWAY:
        return this.#onGoAway(streamId, buffer, from, to);
      case h2.PUSH_PROMISE:
        return h2.PROTOCOL_ERROR;
      default:
        return h2.NO_ERROR;
    }
  }

  onHeaders(
    streamId: number,
    endStream: boolean,
    tooLong: boolean,
    block: Buffer,
    from: number,
    to: number,
  ): number {
    if (!this.#ready || !this.#isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    // Nothing depends on the block of a stream that is gone.
    if (stream === undefined) return h2.NO_ERROR;
    if (tooLong) return this.#malformed(stream);
    const fields = this.#options.decoder.decode(block, from, to);
    if (fields === undefined) return h2.COMPRESSION_ERROR;
    const isTrailers = stream.headSeen;
    if (fields.malformed || isTrailers !== (fields.httpStatus === 0)) return this.#malformed(stream);
    const isInformational = !isTrailers && fields.httpStatus < 200;
    if (isInformational ? endStream : isTrailers && !endStream) return this.#malformed(stream);
    if (isInformational) return h2.NO_ERROR;
    stream.headSeen = true;
    this.#events.headers(stream, fields, endStream);
    if (endStream && stream.id === streamId) this.#end(stream);
    return h2.NO_ERROR;
  }

  onData(streamId: number, length: number): number {
    if (!this.#ready || !this.#isKnown(streamId) || length > this.#receiveWindow) {
      return length > this.#receiveWindow ? h2.FLOW_CONTROL_ERROR : h2.PROTOCOL_ERROR;
    }
    this.#receiveWindow = this.#consumed(0, this.#receiveWindow - length);
    this.#receivingId = streamId;
    this.#receiving = this.streams.find(streamId);
    const stream = this.#receiving;
    if (stream === undefined) return h2.NO_ERROR;
    if (!stream.headSeen) return this.#malformed(stream);
    if (length > stream.receiveWindow) return h2.FLOW_CONTROL_ERROR;
    stream.receiveWindow = this.#consumed(streamId, stream.receiveWindow - length);
    return h2.NO_ERROR;
  }

  onDataBytes(buffer: Buffer, from: number, to: number): void {
    const stream = this.#receivingStream();
    if (stream !== undefined) this.#events.data(stream, buffer, from, to);
  }

  onDataEnd(endStream: boolean): void {
    const stream = this.#receivingStream();
    this.#receiving = undefined;
    if (endStream && stream !== undefined) this.#end(stream);
  }

  /** A stream that was reset in the middle of a frame may be in use again, under another id. */
  #receivingStream(): S | undefined {
    return this.#receiving?.id === this.#receivingId ? this.#receiving : undefined;
  }

  /** Opens the window again when half of it is used; gives what is open. */
  #consumed(streamId: number, window: number): number {
    const whole = streamId === 0 ? Math.max(this.#windowBytes, h2.FIRST_WINDOW_BYTES) : this.#windowBytes;
    if (window > whole / 2) return window;
    this.output.frameOfNumber(h2.WINDOW_UPDATE, streamId, whole - window);
    return whole;
  }

  #onSettings(flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if ((flags & h2.ACK) !== 0) return to === from ? h2.NO_ERROR : h2.FRAME_SIZE_ERROR;
    const windowBefore = this.#settings.windowBytes;
    const error = this.#settings.read(buffer, from, to);
    if (error !== h2.NO_ERROR) return error;
    this.output.frame(0, h2.SETTINGS, h2.ACK, 0);
    this.#sender.frameBytes = this.#settings.frameBytes;
    if (!this.#moveWindows(this.#settings.windowBytes - windowBefore)) return h2.FLOW_CONTROL_ERROR;
    if (this.#ready) {
      this.#events.capacityChanged();
    } else {
      this.#ready = true;
      this.#events.ready();
    }
    return h2.NO_ERROR;
  }

  /** The initial window holds for open streams as well, and may leave them below zero. */
  #moveWindows(change: number): boolean {
    for (let position = 0; change !== 0 && position < this.streams.size; position++) {
      const stream = this.streams.at(position);
      if (stream === undefined) continue;
      stream.sendWindow += change;
      if (stream.sendWindow > h2.MOST_WINDOW_BYTES) return false;
      this.#sender.wake(stream);
    }
    return true;
  }

  #onWindowUpdate(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (to - from !== 4) return h2.FRAME_SIZE_ERROR;
    const increment = h2.readUint31(buffer, from);
    if (streamId === 0) {
      this.#sender.window += increment;
      if (increment === 0) return h2.PROTOCOL_ERROR;
      return this.#sender.window > h2.MOST_WINDOW_BYTES ? h2.FLOW_CONTROL_ERROR : h2.NO_ERROR;
    }
    if (!this.#isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    if (stream === undefined) return h2.NO_ERROR;
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > h2.MOST_WINDOW_BYTES) return this.#malformed(stream);
    this.#sender.wake(stream);
    return h2.NO_ERROR;
  }

  #onReset(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (to - from !== 4) return h2.FRAME_SIZE_ERROR;
    if (!this.#isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    if (stream === undefined) return h2.NO_ERROR;
    const code = h2.readUint32(buffer, from);
    this.#fail(stream, code === h2.REFUSED_STREAM && !stream.headSeen ? 'unprocessed' : 'reset');
    return h2.NO_ERROR;
  }

  #onPing(flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if (to - from !== 8) return h2.FRAME_SIZE_ERROR;
    if ((flags & h2.ACK) !== 0) return h2.NO_ERROR;
    const at = this.output.frame(8, h2.PING, h2.ACK, 0);
    buffer.copy(this.output.buffer, at, from, to);
    return h2.NO_ERROR;
  }

  #onGoAway(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if (to - from < 8) return h2.FRAME_SIZE_ERROR;
    const last = h2.readUint31(buffer, from);
    this.#draining = true;
    for (let position = this.streams.size - 1; position >= 0; position--) {
      const stream = this.streams.at(position);
      if (stream !== undefined && stream.id > last) this.#fail(stream, 'unprocessed');
    }
    this.#events.capacityChanged();
    return h2.NO_ERROR;
  }

  /** Opened by us at some time, though perhaps gone. */
  #isKnown(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextId;
  }

  #newStream(): S {
    const stream = this.#pool.pop() ?? this.#options.newStream();
    stream.id = this.#nextId;
    stream.sendWindow = this.#settings.windowBytes;
    stream.receiveWindow = this.#windowBytes;
    stream.headSeen = false;
    stream.endQueued = false;
    this.#nextId += 2;
    if (this.#nextId > h2.LAST_STREAM_ID) this.#draining = true;
    this.streams.add(stream);
    return stream;
  }

  #malformed(stream: S): number {
    this.output.frameOfNumber(h2.RST_STREAM, stream.id, h2.PROTOCOL_ERROR);
    this.#fail(stream, 'malformed');
    return h2.NO_ERROR;
  }

  #fail(stream: S, how: StreamFailure): void {
    this.#remove(stream);
    this.#events.failed(stream, how);
    this.#recycle(stream);
  }

  /** An answer may come before its request has gone out: then the rest is not wanted any more. */
  #end(stream: S): void {
    if (!stream.endQueued || stream.first !== undefined) {
      this.output.frameOfNumber(h2.RST_STREAM, stream.id, h2.CANCEL);
    }
    this.#remove(stream);
    this.#events.ended(stream);
    this.#recycle(stream);
  }

  #remove(stream: S): void {
    this.streams.remove(stream);
    this.#sender.forget(stream);
  }

  #recycle(stream: S): void {
    stream.id = 0;
    this.#pool.push(stream);
  }

  #die(errorCode: number): void {
    const at = this.output.frame(8, h2.GOAWAY, 0, 0);
    h2.writeUint32(this.output.buffer, at, 0);
    h2.writeUint32(this.output.buffer, at + 4, errorCode);
    this.stop();
  }
}
