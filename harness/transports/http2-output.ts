import { BytePieces } from './byte-pieces.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader, writeUint32 } from './http2-frames.ts';

const FIRST_BYTES = 65_536;

/**
 * Frames that wait to be written. While some are being written the next ones grow in the other buffer. Both grow by
 * doubling and then stay. Large payloads are not copied into it; where they lie is noted, and what comes before them:
 *
 *     buffer   [ head  own | head | head | RST_STREAM ]
 *     shared             ^1     ^2     ^3
 *     written    head own 1 head 2 head 3 RST_STREAM
 */
export class Http2Output {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #spare: Buffer | undefined;
  #length = 0;
  #sharedBytes = 0;
  /** Of each payload that is shared: how much of our own buffer is before it, and where it lies. */
  readonly #shared = new BytePieces();
  readonly #sharedAt: number[] = [];
  readonly #pieces = new BytePieces();

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** How much of the buffer is used. */
  get length(): number {
    return this.#length;
  }

  /** All that waits, what is shared included. */
  get waitingBytes(): number {
    return this.#length + this.#sharedBytes;
  }

  /** Everything, in order, where it lies in several places; undefined: it is all in the buffer. */
  get pieces(): BytePieces | undefined {
    if (this.#shared.count === 0) return undefined;
    this.#pieces.clear();
    let from = 0;
    this.#shared.forEach((buffer, sharedFrom, sharedTo, index) => {
      const at = this.#sharedAt[index] ?? 0;
      this.#pieces.add(this.#buffer, from, at);
      this.#pieces.add(buffer, sharedFrom, sharedTo);
      from = at;
    });
    this.#pieces.add(this.#buffer, from, this.#length);
    return this.#pieces;
  }

  /** Room for so many bytes; gives where they begin. */
  take(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) this.#grow(at);
    return at;
  }

  bytes(bytes: Uint8Array): number {
    const at = this.take(bytes.length);
    this.#buffer.set(bytes, at);
    return at;
  }

  /** A frame's header; gives where its payload begins, for which room has been made. */
  frame(length: number, type: number, flags: number, streamId: number): number {
    const at = this.head(length, type, flags, streamId);
    this.take(length);
    return at;
  }

  /** The header alone: the payload of `length` bytes comes by `take` and `share`. Gives where it begins. */
  head(length: number, type: number, flags: number, streamId: number): number {
    const at = this.take(FRAME_HEADER_BYTES);
    writeFrameHeader(this.#buffer, at, length, type, flags, streamId);
    return at + FRAME_HEADER_BYTES;
  }

  /** Puts bytes behind what there is without copying them: they must not change before they are written. */
  share(bytes: Buffer, from: number, to: number): void {
    this.#sharedAt[this.#shared.count] = this.#length;
    this.#shared.add(bytes, from, to);
    this.#sharedBytes += to - from;
  }

  /** A frame whose payload is one number of four bytes. */
  frameOfNumber(type: number, streamId: number, value: number): void {
    writeUint32(this.#buffer, this.frame(4, type, 0, streamId), value);
  }

  /** All was taken. */
  clear(): void {
    this.#length = 0;
    this.#sharedBytes = 0;
    this.#shared.clear();
  }

  /** What is here must stay as it is until the next swap: go on in the other buffer. */
  swap(): void {
    const other = this.#spare ?? Buffer.allocUnsafe(FIRST_BYTES);
    this.#spare = this.#buffer;
    this.#buffer = other;
    this.clear();
  }

  #grow(used: number): void {
    let size = this.#buffer.length;
    while (size < this.#length) size *= 2;
    const larger = Buffer.allocUnsafe(size);
    this.#buffer.copy(larger, 0, 0, used);
    this.#buffer = larger;
  }
}
