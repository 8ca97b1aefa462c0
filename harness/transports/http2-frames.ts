/* HTTP/2 as RFC 9113 numbers it. */

export const FRAME_HEADER_BYTES = 9;
/** What a frame may hold at most unless its receiver allows more. We never do. */
export const FRAME_BYTES = 16_384;
export const MOST_WINDOW_BYTES = 2 ** 31 - 1;
export const FIRST_WINDOW_BYTES = 65_535;
export const LAST_STREAM_ID = 2 ** 31 - 1;

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const WITH_PRIORITY = 0x20;

export const HEADER_TABLE_SIZE = 1;
export const ENABLE_PUSH = 2;
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;
export const MAX_FRAME_SIZE = 5;
export const MAX_HEADER_LIST_SIZE = 6;

export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const FLOW_CONTROL_ERROR = 3;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function readUint24(buffer: Buffer, at: number): number {
  return ((buffer[at] ?? 0) << 16) | ((buffer[at + 1] ?? 0) << 8) | (buffer[at + 2] ?? 0);
}

export function readUint32(buffer: Buffer, at: number): number {
  return (((buffer[at] ?? 0) << 24) | readUint24(buffer, at + 1)) >>> 0;
}

/** Without the reserved bit: a stream's id, or a window's increment. */
export function readUint31(buffer: Buffer, at: number): number {
  return readUint32(buffer, at) & 0x7fff_ffff;
}

export function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

export function writeFrameHeader(
  buffer: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  buffer[at] = length >>> 16;
  buffer[at + 1] = length >>> 8;
  buffer[at + 2] = length;
  buffer[at + 3] = type;
  buffer[at + 4] = flags;
  writeUint32(buffer, at + 5, streamId);
}

/** Where the stream's id is in a frame. */
export const STREAM_ID_AT = 5;

/**
 * What a client says first: the preface, its SETTINGS (no dynamic header table, no pushed streams, `windowBytes` for
 * each answer, its limit of headers), and as large a window for the connection.
 */
export function clientOpening(windowBytes: number, headerListBytes: number): Buffer {
  const settings = [
    [HEADER_TABLE_SIZE, 0],
    [ENABLE_PUSH, 0],
    [INITIAL_WINDOW_SIZE, windowBytes],
    [MAX_HEADER_LIST_SIZE, headerListBytes],
  ] as const;
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + settings.length * 6);
  writeFrameHeader(frame, 0, settings.length * 6, SETTINGS, 0, 0);
  for (const [position, [id, value]] of settings.entries()) {
    frame.writeUInt16BE(id, FRAME_HEADER_BYTES + position * 6);
    frame.writeUInt32BE(value, FRAME_HEADER_BYTES + position * 6 + 2);
  }
  if (windowBytes <= FIRST_WINDOW_BYTES) return Buffer.concat([CLIENT_PREFACE, frame]);
  const update = Buffer.alloc(FRAME_HEADER_BYTES + 4);
  writeFrameHeader(update, 0, 4, WINDOW_UPDATE, 0, 0);
  writeUint32(update, FRAME_HEADER_BYTES, windowBytes - FIRST_WINDOW_BYTES);
  return Buffer.concat([CLIENT_PREFACE, frame, update]);
}
