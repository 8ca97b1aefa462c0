import { HEADER_LIST_BYTES, type HeaderDecoder } from './hpack-decoder.ts';
import type { Http2Events, Http2Options, StreamFailure } from './http2-events.ts';
import { type FrameEvents, Http2FrameReader } from './http2-frame-reader.ts';
import * as h2 from './http2-frames.ts';
import { Http2Output } from './http2-output.ts';
import type { Http2Stream } from './http2-stream.ts';
import { Http2Streams } from './http2-streams.ts';
import type { StreamTable } from './stream-table.ts';

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
  readonly #events: Http2Events<S>;
  readonly #decoder: HeaderDecoder;
  readonly #reader = new Http2FrameReader(this);
  readonly #streams: Http2Streams<S>;
  #ready = false;
  #draining = false;
  #dead = false;
  /** The stream of the DATA frame that is being read, unless it is gone. */
  #receiving: S | undefined;
  #receivingId = 0;

  constructor({ events, decoder, newStream, windowBytes = WINDOW_BYTES }: Http2Options<S>) {
    this.#events = events;
    this.#decoder = decoder;
    this.#streams = new Http2Streams(this.output, newStream, windowBytes);
    this.output.bytes(h2.clientOpening(windowBytes, HEADER_LIST_BYTES));
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** No more streams are taken; those that are open may finish. */
  get draining(): boolean {
    return this.#draining || this.#streams.isUsedUp;
  }

  /** How many streams may be opened now. */
  get capacity(): number {
    if (!this.#ready || this.draining || this.#dead) return 0;
    return Math.max(0, this.#streams.settings.concurrentStreams - this.streams.size);
  }

  /** Those that are open. */
  get streams(): StreamTable<S> {
    return this.#streams.open;
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
    this.#streams.sender.fill();
  }

  /** Opens a stream with a pre-encoded HEADERS frame. `capacity` must be above 0. */
  open(headersFrame: Buffer): S {
    return this.#streams.begin(headersFrame);
  }

  /**
   * Opens a stream with HEADERS and the only DATA frame in one piece, when there is room for it. `dataAt`: where the DATA
   * frame begins in `frames`, which are the last bytes of the output then.
   */
  openWhole(frames: Buffer, dataAt: number): S | undefined {
    return this.#streams.beginWhole(frames, dataAt);
  }

  /** Sends a message on an open stream as soon as windows allow; gives its own bytes, to be stamped now. */
  send(stream: S, own: Buffer, shared: Buffer, endsStream: boolean): Buffer {
    if (endsStream) stream.endQueued = true;
    return this.#streams.sender.queue(stream, own, shared, endsStream);
  }

  /** Ends a stream without a word to the events. */
  cancel(stream: S, errorCode: number): void {
    if (stream.id === 0) return;
    this.#streams.reset(stream.id, errorCode);
    this.#streams.remove(stream);
    this.#streams.recycle(stream);
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
    if (!this.#ready || !this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    // Nothing depends on the block of a stream that is gone.
    if (stream === undefined) return h2.NO_ERROR;
    if (tooLong) return this.#malformed(stream);
    const fields = this.#decoder.decode(block, from, to);
    if (fields === undefined) return h2.COMPRESSION_ERROR;
    const isTrailers = stream.headSeen;
    if (fields.malformed || isTrailers !== (fields.httpStatus === 0)) return this.#malformed(stream);
    const isInformational = !isTrailers && fields.httpStatus < 200;
    if (isInformational ? endStream : isTrailers && !endStream) return this.#malformed(stream);
    if (isInformational) return h2.NO_ERROR;
    stream.headSeen = true;
    this.#events.headers(stream, fields, endStream);
    if (endStream && stream.id === streamId && !this.#dead) this.#end(stream);
    return h2.NO_ERROR;
  }

  onData(streamId: number, length: number): number {
    if (!this.#ready || !this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    this.#streams.received(length);
    const stream = this.streams.find(streamId);
    this.#receiving = stream;
    this.#receivingId = streamId;
    if (stream === undefined) return h2.NO_ERROR;
    if (!stream.headSeen) return this.#malformed(stream);
    return this.#streams.receivedOn(stream, length) ? h2.NO_ERROR : h2.FLOW_CONTROL_ERROR;
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

  #onSettings(flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if ((flags & h2.ACK) !== 0) return to === from ? h2.NO_ERROR : h2.FRAME_SIZE_ERROR;
    const windowBefore = this.#streams.settings.windowBytes;
    const error = this.#streams.settings.read(buffer, from, to);
    if (error !== h2.NO_ERROR) return error;
    this.output.frame(0, h2.SETTINGS, h2.ACK, 0);
    this.#streams.sender.frameBytes = this.#streams.settings.frameBytes;
    if (!this.#streams.moveWindows(this.#streams.settings.windowBytes - windowBefore))
      return h2.FLOW_CONTROL_ERROR;
    if (this.#ready) {
      this.#events.capacityChanged();
    } else {
      this.#ready = true;
      this.#events.ready();
    }
    return h2.NO_ERROR;
  }

  #onWindowUpdate(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (to - from !== 4) return h2.FRAME_SIZE_ERROR;
    const increment = h2.readUint31(buffer, from);
    if (streamId === 0) {
      this.#streams.sender.window += increment;
      if (increment === 0) return h2.PROTOCOL_ERROR;
      return this.#streams.sender.window > h2.MOST_WINDOW_BYTES ? h2.FLOW_CONTROL_ERROR : h2.NO_ERROR;
    }
    if (!this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    if (stream === undefined) return h2.NO_ERROR;
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > h2.MOST_WINDOW_BYTES) return this.#malformed(stream);
    this.#streams.sender.wake(stream);
    return h2.NO_ERROR;
  }

  #onReset(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (to - from !== 4) return h2.FRAME_SIZE_ERROR;
    if (!this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
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
      // Whatever it says: one whose answer has begun was looked at.
      if (stream !== undefined && stream.id > last)
        this.#fail(stream, stream.headSeen ? 'reset' : 'unprocessed');
    }
    this.#events.capacityChanged();
    return h2.NO_ERROR;
  }

  #malformed(stream: S): number {
    this.#streams.reset(stream.id, h2.PROTOCOL_ERROR);
    this.#fail(stream, 'malformed');
    return h2.NO_ERROR;
  }

  #fail(stream: S, how: StreamFailure): void {
    this.#streams.remove(stream);
    this.#events.failed(stream, how);
    this.#streams.recycle(stream);
  }

  #end(stream: S): void {
    this.#streams.abandonRequest(stream);
    this.#streams.remove(stream);
    this.#events.ended(stream);
    this.#streams.recycle(stream);
  }

  #die(errorCode: number): void {
    const at = this.output.frame(8, h2.GOAWAY, 0, 0);
    h2.writeUint32(this.output.buffer, at, 0);
    h2.writeUint32(this.output.buffer, at + 4, errorCode);
    this.stop();
  }
}
