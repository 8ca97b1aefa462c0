import { HEADER_LIST_BYTES, type HeaderDecoder } from './hpack-decoder.ts';
import { Http2Control } from './http2-control.ts';
import type { Http2Events, Http2Options } from './http2-events.ts';
import { type FrameEvents, type HeaderBlock, Http2FrameReader } from './http2-frame-reader.ts';
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
  readonly #control: Http2Control<S>;
  #dead = false;
  /** The stream of the DATA frame that is being read, unless it is gone. */
  #receiving: S | undefined;
  #receivingId = 0;

  constructor({ events, decoder, newStream, windowBytes = WINDOW_BYTES }: Http2Options<S>) {
    this.#events = events;
    this.#decoder = decoder;
    this.#streams = new Http2Streams(this.output, events, newStream, windowBytes);
    this.#control = new Http2Control(this.#streams, this.output, events);
    this.output.bytes(h2.clientOpening(windowBytes, HEADER_LIST_BYTES));
  }

  get ready(): boolean {
    return this.#control.ready;
  }

  /** No more streams are taken; those that are open may finish. */
  get draining(): boolean {
    return this.#control.saidGoodbye || this.#streams.isUsedUp;
  }

  /** How many streams may be opened now. */
  get capacity(): number {
    if (!this.ready || this.draining || this.#dead) return 0;
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
    else if (this.output.waitingBytes > UNREAD_BYTES) this.#die(h2.ENHANCE_YOUR_CALM);
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
    this.#streams.cancel(stream, errorCode);
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    return this.#control.onFrame(type, flags, streamId, buffer, from, to);
  }

  onHeaders({ streamId, endStream, tooLong, bytes, from, to }: HeaderBlock): number {
    if (!this.ready || !this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    // Nothing depends on the block of a stream that is gone.
    if (stream === undefined) return h2.NO_ERROR;
    if (tooLong) return this.#streams.malformed(stream);
    const fields = this.#decoder.decode(bytes, from, to);
    if (fields === undefined) return h2.COMPRESSION_ERROR;
    const isTrailers = stream.headSeen;
    if (fields.malformed || isTrailers !== (fields.httpStatus === 0)) return this.#streams.malformed(stream);
    const isInformational = !isTrailers && fields.httpStatus < 200;
    if (isInformational ? endStream : isTrailers && !endStream) return this.#streams.malformed(stream);
    if (isInformational) return h2.NO_ERROR;
    stream.headSeen = true;
    this.#events.headers(stream, fields, endStream);
    if (endStream && stream.id === streamId && !this.#dead) this.#streams.end(stream);
    return h2.NO_ERROR;
  }

  onData(streamId: number, length: number): number {
    if (!this.ready || !this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    this.#streams.received(length);
    const stream = this.streams.find(streamId);
    this.#receiving = stream;
    this.#receivingId = streamId;
    if (stream === undefined) return h2.NO_ERROR;
    if (!stream.headSeen) return this.#streams.malformed(stream);
    return this.#streams.receivedOn(stream, length) ? h2.NO_ERROR : h2.FLOW_CONTROL_ERROR;
  }

  onDataBytes(buffer: Buffer, from: number, to: number): void {
    const stream = this.#receivingStream();
    if (stream !== undefined) this.#events.data(stream, buffer, from, to);
  }

  onDataEnd(endStream: boolean): void {
    const stream = this.#receivingStream();
    this.#receiving = undefined;
    if (endStream && stream !== undefined) this.#streams.end(stream);
  }

  /** A stream that was reset in the middle of a frame may be in use again, under another id. */
  #receivingStream(): S | undefined {
    return this.#receiving?.id === this.#receivingId ? this.#receiving : undefined;
  }

  #die(errorCode: number): void {
    const at = this.output.frame(8, h2.GOAWAY, 0, 0);
    h2.writeUint32(this.output.buffer, at, 0);
    h2.writeUint32(this.output.buffer, at + 4, errorCode);
    this.stop();
  }
}
