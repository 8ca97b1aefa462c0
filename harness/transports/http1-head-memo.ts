const MOST_BYTES = 1024;
const WORD = 4;

/**
 * The head that was read last, byte by byte, and what it meant. A server mostly sends the same one again for a second
 * (its `Date` changes then); the same bytes mean the same, and comparing them is ten times cheaper than reading them.
 */
export class HeadMemo {
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  readonly #words = new Int32Array(this.#bytes.buffer, 0, MOST_BYTES / WORD);
  #headBytes = 0;
  #viewed: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** What the known head means. */
  status = 0;
  /** Content-Length; -1 where there is none. */
  length = 0;
  chunked = false;
  keepAlive = false;

  /** Length of the known head in bytes, when it lies at `at`; 0 when something else does. */
  match(buffer: Buffer, at: number, to: number): number {
    const length = this.#headBytes;
    if (length === 0 || to - at < length) return 0;
    if (buffer !== this.#viewed) {
      this.#viewed = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    const view = this.#view;
    const words = this.#words;
    const whole = length >> 2;
    for (let word = 0; word < whole; word++) {
      if (view.getInt32(at + word * WORD, LITTLE_ENDIAN) !== words[word]) return 0;
    }
    for (let byte = whole * WORD; byte < length; byte++) {
      if (buffer[at + byte] !== this.#bytes[byte]) return 0;
    }
    return length;
  }

  /** These bytes are a head; its meaning is put into the fields by the caller. False: too long to be kept. */
  learn(buffer: Buffer, from: number, to: number): boolean {
    this.#headBytes = to - from > MOST_BYTES ? 0 : buffer.copy(this.#bytes, 0, from, to);
    return this.#headBytes > 0;
  }
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
