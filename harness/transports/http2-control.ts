import type { Http2Events } from './http2-events.ts';
import * as h2 from './http2-frames.ts';
import type { Http2Output } from './http2-output.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { Http2Streams } from './http2-streams.ts';

/**
 * What a server says that is no answer: its settings, how much it takes, that it breaks off a stream or leaves. Frames
 * whose length or stream is wrong are answered with an error code, which ends the connection.
 */
export class Http2Control<S extends Http2Stream> {
  readonly #streams: Http2Streams<S>;
  readonly #output: Http2Output;
  readonly #events: Http2Events<S>;
  /** The server's first settings have come. */
  ready = false;
  /** It takes no more streams; those that are open may finish. */
  saidGoodbye = false;

  constructor(streams: Http2Streams<S>, output: Http2Output, events: Http2Events<S>) {
    this.#streams = streams;
    this.#output = output;
    this.#events = events;
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (!this.ready && (type !== h2.SETTINGS || (flags & h2.ACK) !== 0)) return h2.PROTOCOL_ERROR;
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

  #onSettings(flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if ((flags & h2.ACK) !== 0) return to === from ? h2.NO_ERROR : h2.FRAME_SIZE_ERROR;
    const windowBefore = this.#streams.settings.windowBytes;
    const error = this.#streams.settings.read(buffer, from, to);
    if (error !== h2.NO_ERROR) return error;
    this.#output.frame(0, h2.SETTINGS, h2.ACK, 0);
    this.#streams.sender.frameBytes = this.#streams.settings.frameBytes;
    if (!this.#streams.moveWindows(this.#streams.settings.windowBytes - windowBefore))
      return h2.FLOW_CONTROL_ERROR;
    if (this.ready) {
      this.#events.capacityChanged();
    } else {
      this.ready = true;
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
    const stream = this.#streams.open.find(streamId);
    if (stream === undefined) return h2.NO_ERROR;
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > h2.MOST_WINDOW_BYTES) return this.#streams.malformed(stream);
    this.#streams.sender.wake(stream);
    return h2.NO_ERROR;
  }

  #onReset(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (to - from !== 4) return h2.FRAME_SIZE_ERROR;
    if (!this.#streams.isKnown(streamId)) return h2.PROTOCOL_ERROR;
    const stream = this.#streams.open.find(streamId);
    if (stream === undefined) return h2.NO_ERROR;
    const code = h2.readUint32(buffer, from);
    this.#streams.fail(stream, code === h2.REFUSED_STREAM && !stream.headSeen ? 'unprocessed' : 'reset');
    return h2.NO_ERROR;
  }

  #onPing(flags: number, streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if (to - from !== 8) return h2.FRAME_SIZE_ERROR;
    if ((flags & h2.ACK) !== 0) return h2.NO_ERROR;
    const at = this.#output.frame(8, h2.PING, h2.ACK, 0);
    buffer.copy(this.#output.buffer, at, from, to);
    return h2.NO_ERROR;
  }

  #onGoAway(streamId: number, buffer: Buffer, from: number, to: number): number {
    if (streamId !== 0) return h2.PROTOCOL_ERROR;
    if (to - from < 8) return h2.FRAME_SIZE_ERROR;
    const last = h2.readUint31(buffer, from);
    this.saidGoodbye = true;
    for (let position = this.#streams.open.size - 1; position >= 0; position--) {
      const stream = this.#streams.open.at(position);
      // Whatever it says: one whose answer has begun was looked at.
      if (stream !== undefined && stream.id > last)
        this.#streams.fail(stream, stream.headSeen ? 'reset' : 'unprocessed');
    }
    this.#events.capacityChanged();
    return h2.NO_ERROR;
  }
}
