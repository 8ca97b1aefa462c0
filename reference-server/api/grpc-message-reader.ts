import { invalid, ServingError } from '../errors.ts';
import { decompressed } from './grpc-compression.ts';
import { MESSAGE_PREFIX_BYTES } from './grpc-infer-codec.ts';

const COMPRESSED = 1;

/** Takes the messages out of a call's bytes. */
export class MessageReader {
  readonly #limitBytes: number;
  readonly #encoding: string | undefined;
  readonly #onMessage: (message: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of the present message with its prefix; only known when the prefix has come. */
  #needed = MESSAGE_PREFIX_BYTES;

  /** `encoding`: what compressed messages are compressed by; `limitBytes` holds before and after. */
  constructor(limitBytes: number, encoding: string | undefined, onMessage: (message: Buffer) => void) {
    this.#limitBytes = limitBytes;
    this.#encoding = encoding;
    this.#onMessage = onMessage;
  }

  /** The bytes end within a message. */
  get isCutOff(): boolean {
    return this.#bytes > 0;
  }

  /** A message that came in one piece is not copied. Throws a ServingError for one that is refused by its prefix. */
  read(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= this.#needed) {
      const all = this.#joined();
      this.#needed = MESSAGE_PREFIX_BYTES + this.#announced(all);
      if (this.#bytes < this.#needed) return;
      const rest = all.subarray(this.#needed);
      const message = all.subarray(MESSAGE_PREFIX_BYTES, this.#needed);
      this.#pieces = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#needed = MESSAGE_PREFIX_BYTES;
      this.#onMessage(
        all[0] === COMPRESSED ? decompressed(message, this.#encoding, this.#limitBytes) : message,
      );
    }
  }

  #joined(): Buffer {
    const [only] = this.#pieces;
    if (only !== undefined && this.#pieces.length === 1) return only;
    const all = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [all];
    return all;
  }

  #announced(bytes: Buffer): number {
    if ((bytes[0] ?? 0) > COMPRESSED) throw invalid(`a message begins with ${bytes[0]}, not with 0 or 1`);
    const length = bytes.readUInt32BE(1);
    if (length <= this.#limitBytes) return length;
    const found = `the message has ${length} bytes, at most ${this.#limitBytes} are allowed`;
    throw new ServingError('too-large', found);
  }
}
