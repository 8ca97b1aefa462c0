import type { Http2Events, StreamFailure } from './http2-events.ts';
import {
  CANCEL,
  FIRST_WINDOW_BYTES,
  FRAME_HEADER_BYTES,
  LAST_STREAM_ID,
  MOST_WINDOW_BYTES,
  NO_ERROR,
  PROTOCOL_ERROR,
  RST_STREAM,
  STREAM_ID_AT,
  WINDOW_UPDATE,
  writeUint32,
} from './http2-frames.ts';
import type { Http2Output } from './http2-output.ts';
import { Http2Sender } from './http2-sender.ts';
import { ServerSettings } from './http2-settings.ts';
import type { Http2Stream } from './http2-stream.ts';
import { StreamTable } from './stream-table.ts';

/** The streams of a connection from their opening to their end, with the windows of both directions. */
export class Http2Streams<S extends Http2Stream> {
  readonly open = new StreamTable<S>();
  readonly settings = new ServerSettings();
  readonly sender: Http2Sender;
  readonly #output: Http2Output;
  readonly #events: Http2Events<S>;
  readonly #newStream: () => S;
  readonly #windowBytes: number;
  readonly #connectionWindowBytes: number;
  readonly #pool: S[] = [];
  #receiveWindow: number;
  #nextId = 1;

  /** `windowBytes`: how much of an answer may be on its way. */
  constructor(output: Http2Output, events: Http2Events<S>, newStream: () => S, windowBytes: number) {
    this.#output = output;
    this.#events = events;
    this.#newStream = newStream;
    this.#windowBytes = windowBytes;
    this.#connectionWindowBytes = Math.max(windowBytes, FIRST_WINDOW_BYTES);
    this.#receiveWindow = this.#connectionWindowBytes;
    this.sender = new Http2Sender(output);
  }

  /** There are no ids left: the connection has seen a thousand million calls. */
  get isUsedUp(): boolean {
    return this.#nextId > LAST_STREAM_ID;
  }

  /** Opened by us at some time, though perhaps gone. */
  isKnown(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.#nextId;
  }

  /** Opens a stream with a pre-encoded HEADERS frame. */
  begin(headersFrame: Buffer): S {
    const stream = this.#pool.pop() ?? this.#newStream();
    stream.id = this.#nextId;
    stream.sendWindow = this.settings.windowBytes;
    stream.receiveWindow = this.#windowBytes;
    stream.headSeen = false;
    stream.endQueued = false;
    this.#nextId += 2;
    this.open.add(stream);
    const at = this.#output.bytes(headersFrame);
    writeUint32(this.#output.buffer, at + STREAM_ID_AT, stream.id);
    return stream;
  }

  /** The same with the only DATA frame behind it, from `dataAt` on; undefined when there is no room for that. */
  beginWhole(frames: Buffer, dataAt: number): S | undefined {
    const bytes = frames.length - dataAt - FRAME_HEADER_BYTES;
    if (!this.sender.fits(bytes, this.settings.windowBytes)) return undefined;
    const stream = this.begin(frames);
    const at = this.#output.length - frames.length + dataAt;
    writeUint32(this.#output.buffer, at + STREAM_ID_AT, stream.id);
    this.sender.window -= bytes;
    stream.sendWindow -= bytes;
    stream.endQueued = true;
    return stream;
  }

  /** Its answer is whole. */
  end(stream: S): void {
    // It may have come before its request has gone out: then the rest is not wanted any more.
    if (!stream.endQueued || stream.first !== undefined) this.#reset(stream.id, CANCEL);
    this.#remove(stream);
    this.#events.ended(stream);
    this.#recycle(stream);
  }

  fail(stream: S, how: StreamFailure): void {
    this.#remove(stream);
    this.#events.failed(stream, how);
    this.#recycle(stream);
  }

  /** Only this stream is broken off: the connection goes on. */
  malformed(stream: S): number {
    this.#reset(stream.id, PROTOCOL_ERROR);
    this.fail(stream, 'malformed');
    return NO_ERROR;
  }

  /** Without a word to the events. */
  cancel(stream: S, errorCode: number): void {
    if (stream.id === 0) return;
    this.#reset(stream.id, errorCode);
    this.#remove(stream);
    this.#recycle(stream);
  }

  #reset(streamId: number, errorCode: number): void {
    this.#output.frameOfNumber(RST_STREAM, streamId, errorCode);
  }

  /** What it had to say goes with it. It is not reused before `#recycle`, which comes when nobody looks at it. */
  #remove(stream: S): void {
    this.open.remove(stream);
    this.sender.forget(stream);
  }

  #recycle(stream: S): void {
    stream.id = 0;
    this.#pool.push(stream);
  }

  /** The initial window holds for open streams as well, and may leave them below zero. False when one is too large. */
  moveWindows(change: number): boolean {
    for (let position = 0; change !== 0 && position < this.open.size; position++) {
      const stream = this.open.at(position);
      if (stream === undefined) continue;
      stream.sendWindow += change;
      if (stream.sendWindow > MOST_WINDOW_BYTES) return false;
      this.sender.wake(stream);
    }
    return true;
  }

  /** The connection's window is opened again when half of it is used. No frame is as large as the other half. */
  received(bytes: number): void {
    this.#receiveWindow = this.#reopened(0, this.#receiveWindow - bytes, this.#connectionWindowBytes);
  }

  /** The same for a stream's window, which may be small: false when the server sends more. */
  receivedOn(stream: S, bytes: number): boolean {
    if (bytes > stream.receiveWindow) return false;
    stream.receiveWindow = this.#reopened(stream.id, stream.receiveWindow - bytes, this.#windowBytes);
    return true;
  }

  #reopened(streamId: number, window: number, whole: number): number {
    if (window > whole / 2) return window;
    this.#output.frameOfNumber(WINDOW_UPDATE, streamId, whole - window);
    return whole;
  }
}
