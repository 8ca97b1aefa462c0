import { HEADER_LIST_BYTES } from './hpack-decoder.ts';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_SIZE_ERROR,
  HEADERS,
  NO_ERROR,
  PADDED,
  PROTOCOL_ERROR,
  readUint24,
  readUint31,
  WITH_PRIORITY,
} from './http2-frames.ts';

/** A whole header block; without bytes (`tooLong`) when it is longer than HEADER_LIST_BYTES. */
export interface HeaderBlock {
  streamId: number;
  endStream: boolean;
  tooLong: boolean;
  bytes: Buffer;
  from: number;
  to: number;
}

/** What a connection's bytes consist of. Those that answer with a number give an error code; NO_ERROR to go on. */
export interface FrameEvents {
  /** Any frame but DATA, HEADERS and CONTINUATION. */
  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, from: number, to: number): number;
  /** Valid during the call. */
  onHeaders(block: HeaderBlock): number;
  /** A DATA frame begins, of so many bytes with its padding. */
  onData(streamId: number, length: number): number;
  onDataBytes(buffer: Buffer, from: number, to: number): void;
  onDataEnd(endStream: boolean): void;
}

const HEADER = 0;
const PAYLOAD = 1;
const PAD_LENGTH = 2;
const DATA_BYTES = 3;
const PADDING = 4;

/** A block that is refused is skipped, because nothing later depends on it; but not without end. */
const SKIPPED_BYTES = 2 ** 24;
const PRIORITY_BYTES = 5;

/** Cuts bytes into frames: the same bytes give the same events however they come in pieces (but for pieces of DATA). */
export class Http2FrameReader {
  readonly #events: FrameEvents;
  readonly #gathered = Buffer.allocUnsafe(FRAME_BYTES);
  #gatheredBytes = 0;
  /** Of the block that is told, or is being gathered. */
  readonly #headers: HeaderBlock = {
    streamId: 0,
    endStream: false,
    tooLong: false,
    bytes: this.#gathered,
    from: 0,
    to: 0,
  };
  #block: Buffer | undefined;
  #blockBytes = 0;
  #blockCost = 0;
  /** The stream whose header block goes on in CONTINUATION frames; 0 when none does. */
  #continuing = 0;
  #state = HEADER;
  #stopped = false;
  #length = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #remaining = 0;
  #padding = 0;

  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /** Nothing is read any more, not even the rest of the bytes at hand. */
  stop(): void {
    this.#stopped = true;
  }

  /** An HTTP/2 error code; NO_ERROR when all was well. */
  read(buffer: Buffer, from: number, to: number): number {
    let at = from;
    // Every state takes at least one byte: what is empty is dealt with when its header has come.
    while (at < to && !this.#stopped) {
      if (this.#state === HEADER) at = this.#readHeader(buffer, at, to);
      else if (this.#state === PAYLOAD) at = this.#readPayload(buffer, at, to);
      else at = this.#readData(buffer, at, to);
      if (at < 0) return -at;
    }
    return NO_ERROR;
  }

  #readHeader(buffer: Buffer, at: number, to: number): number {
    if (this.#gatheredBytes === 0 && to - at >= FRAME_HEADER_BYTES) {
      return this.#begin(buffer, at) || at + FRAME_HEADER_BYTES;
    }
    const next = this.#gather(buffer, at, to, FRAME_HEADER_BYTES);
    if (this.#gatheredBytes < FRAME_HEADER_BYTES) return next;
    this.#gatheredBytes = 0;
    return this.#begin(this.#gathered, 0) || next;
  }

  /** Copies what is there of `bytes`; gives where reading goes on. */
  #gather(buffer: Buffer, at: number, to: number, bytes: number): number {
    const end = Math.min(to, at + bytes - this.#gatheredBytes);
    buffer.copy(this.#gathered, this.#gatheredBytes, at, end);
    this.#gatheredBytes += end - at;
    return end;
  }

  /** A frame's header is at `at`. Gives 0, or a negative error code. */
  #begin(buffer: Buffer, at: number): number {
    this.#length = readUint24(buffer, at);
    this.#type = buffer[at + 3] ?? 0;
    this.#flags = buffer[at + 4] ?? 0;
    this.#streamId = readUint31(buffer, at + 5);
    if (this.#length > FRAME_BYTES) return -FRAME_SIZE_ERROR;
    const isContinuation = this.#type === CONTINUATION;
    if (isContinuation !== (this.#continuing !== 0)) return -PROTOCOL_ERROR;
    if (isContinuation && this.#streamId !== this.#continuing) return -PROTOCOL_ERROR;
    if (this.#type === DATA) return this.#beginData();
    if (this.#length === 0) return this.#endPayload(buffer, at, at);
    this.#state = PAYLOAD;
    return 0;
  }

  #readPayload(buffer: Buffer, at: number, to: number): number {
    if (this.#gatheredBytes === 0 && to - at >= this.#length) {
      const end = at + this.#length;
      return this.#endPayload(buffer, at, end) || end;
    }
    const next = this.#gather(buffer, at, to, this.#length);
    if (this.#gatheredBytes < this.#length) return next;
    this.#gatheredBytes = 0;
    return this.#endPayload(this.#gathered, 0, this.#length) || next;
  }

  #endPayload(buffer: Buffer, from: number, to: number): number {
    this.#state = HEADER;
    if (this.#type === HEADERS) return this.#beginBlock(buffer, from, to);
    if (this.#type === CONTINUATION) return this.#moreOfBlock(buffer, from, to);
    return -this.#events.onFrame(this.#type, this.#flags, this.#streamId, buffer, from, to);
  }

  /** Without padding and priority what is left is the block, or its start. */
  #beginBlock(buffer: Buffer, start: number, stop: number): number {
    if (this.#streamId === 0) return -PROTOCOL_ERROR;
    let from = start;
    let to = stop;
    if ((this.#flags & PADDED) !== 0) to -= buffer[from++] ?? 0;
    if ((this.#flags & WITH_PRIORITY) !== 0) from += PRIORITY_BYTES;
    if (from > to || from > stop) return -PROTOCOL_ERROR;
    this.#headers.streamId = this.#streamId;
    this.#headers.endStream = (this.#flags & END_STREAM) !== 0;
    if ((this.#flags & END_HEADERS) !== 0) return this.#tellBlock(false, buffer, from, to);
    this.#continuing = this.#streamId;
    this.#blockBytes = 0;
    this.#blockCost = 0;
    return this.#keep(buffer, from, to);
  }

  #moreOfBlock(buffer: Buffer, from: number, to: number): number {
    const error = this.#keep(buffer, from, to);
    if (error !== 0 || (this.#flags & END_HEADERS) === 0) return error;
    this.#continuing = 0;
    const tooLong = this.#blockCost > HEADER_LIST_BYTES;
    return this.#tellBlock(tooLong, this.#block ?? buffer, 0, tooLong ? 0 : this.#blockBytes);
  }

  #tellBlock(tooLong: boolean, bytes: Buffer, from: number, to: number): number {
    const headers = this.#headers;
    headers.tooLong = tooLong;
    headers.bytes = bytes;
    headers.from = from;
    headers.to = to;
    return -this.#events.onHeaders(headers);
  }

  /** Empty frames cost as well. */
  #keep(buffer: Buffer, from: number, to: number): number {
    this.#blockCost += to - from + FRAME_HEADER_BYTES;
    if (this.#blockCost > SKIPPED_BYTES) return -ENHANCE_YOUR_CALM;
    if (this.#blockCost > HEADER_LIST_BYTES) return 0;
    this.#block ??= Buffer.allocUnsafe(HEADER_LIST_BYTES);
    this.#blockBytes += buffer.copy(this.#block, this.#blockBytes, from, to);
    return 0;
  }

  #beginData(): number {
    if (this.#streamId === 0) return -PROTOCOL_ERROR;
    const isPadded = (this.#flags & PADDED) !== 0;
    if (isPadded && this.#length === 0) return -FRAME_SIZE_ERROR;
    const error = this.#events.onData(this.#streamId, this.#length);
    if (error !== NO_ERROR) return -error;
    this.#remaining = this.#length;
    this.#padding = 0;
    this.#state = isPadded ? PAD_LENGTH : DATA_BYTES;
    if (this.#length === 0) this.#endData();
    return 0;
  }

  #readData(buffer: Buffer, at: number, to: number): number {
    if (this.#state === PAD_LENGTH) {
      this.#padding = buffer[at] ?? 0;
      this.#remaining -= 1 + this.#padding;
      if (this.#remaining < 0) return -PROTOCOL_ERROR;
      this.#dataOrPadding();
      return at + 1;
    }
    const end = Math.min(to, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#state === DATA_BYTES) this.#events.onDataBytes(buffer, at, end);
    if (this.#remaining > 0 || this.#stopped) return end;
    if (this.#state === DATA_BYTES) this.#dataOrPadding();
    else this.#endData();
    return end;
  }

  /** Goes on to whichever of the two still has bytes. */
  #dataOrPadding(): void {
    if (this.#remaining > 0) {
      this.#state = DATA_BYTES;
    } else if (this.#padding > 0) {
      this.#state = PADDING;
      this.#remaining = this.#padding;
      this.#padding = 0;
    } else {
      this.#endData();
    }
  }

  #endData(): void {
    this.#state = HEADER;
    this.#events.onDataEnd((this.#flags & END_STREAM) !== 0);
  }
}
