import {
  ENABLE_PUSH,
  FIRST_WINDOW_BYTES,
  FLOW_CONTROL_ERROR,
  FRAME_BYTES,
  FRAME_SIZE_ERROR,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MOST_WINDOW_BYTES,
  NO_ERROR,
  PROTOCOL_ERROR,
  readUint32,
} from './http2-frames.ts';

const SETTING_BYTES = 6;
const MOST_FRAME_BYTES = 2 ** 24 - 1;

/** What the server allows. Until it says so, what RFC 9113 says. */
export class ServerSettings {
  concurrentStreams = Number.POSITIVE_INFINITY;
  windowBytes = FIRST_WINDOW_BYTES;
  frameBytes = FRAME_BYTES;

  /** Takes over a SETTINGS frame; gives an error code. Settings that mean nothing to a client are passed over. */
  read(buffer: Buffer, from: number, to: number): number {
    if ((to - from) % SETTING_BYTES !== 0) return FRAME_SIZE_ERROR;
    for (let at = from; at < to; at += SETTING_BYTES) {
      const id = ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);
      const error = this.#set(id, readUint32(buffer, at + 2));
      if (error !== NO_ERROR) return error;
    }
    return NO_ERROR;
  }

  #set(id: number, value: number): number {
    switch (id) {
      case MAX_CONCURRENT_STREAMS:
        this.concurrentStreams = value;
        return NO_ERROR;
      case INITIAL_WINDOW_SIZE:
        if (value > MOST_WINDOW_BYTES) return FLOW_CONTROL_ERROR;
        this.windowBytes = value;
        return NO_ERROR;
      case MAX_FRAME_SIZE:
        if (value < FRAME_BYTES || value > MOST_FRAME_BYTES) return PROTOCOL_ERROR;
        this.frameBytes = value;
        return NO_ERROR;
      case ENABLE_PUSH:
        return value === 0 ? NO_ERROR : PROTOCOL_ERROR;
      default:
        return NO_ERROR;
    }
  }
}
