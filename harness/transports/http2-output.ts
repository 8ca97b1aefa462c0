import { FRAME_HEADER_BYTES, writeFrameHeader, writeUint32 } from './http2-frames.ts';

const FIRST_BYTES = 65_536;

/**
 * Frames that wait to be written, in one piece. While one piece is being written the next one grows in the other
 * buffer. Both grow by doubling and then stay.
 */
export class Http2Output {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #spare: Buffer | undefined;
  #length = 0;

  get buffer(): Buffer {
    return this.#buffer;
  }

  get length(): number {
    return this.#length;
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
    const at = this.take(FRAME_HEADER_BYTES + length);
    writeFrameHeader(this.#buffer, at, length, type, flags, streamId);
    return at + FRAME_HEADER_BYTES;
  }

  /** A frame whose payload is one number of four bytes. */
  frameOfNumber(type: number, streamId: number, value: number): void {
    writeUint32(this.#buffer, this.frame(4, type, 0, streamId), value);
  }

  /** All was taken. */
  clear(): void {
    this.#length = 0;
  }

  /** What is here must stay as it is until the next swap: go on in the other buffer. */
  swap(): void {
    const other = this.#spare ?? Buffer.allocUnsafe(FIRST_BYTES);
    this.#spare = this.#buffer;
    this.#buffer = other;
    this.#length = 0;
  }

  #grow(used: number): void {
    let size = this.#buffer.length;
    while (size < this.#length) size *= 2;
    const larger = Buffer.allocUnsafe(size);
    this.#buffer.copy(larger, 0, 0, used);
    this.#buffer = larger;
  }
}
