import { ServingError } from '../errors.ts';
import { MESSAGE_PREFIX_BYTES } from './grpc-infer-codec.ts';

/** Takes the messages out of a call's bytes. */
export class MessageReader {
  readonly #limitBytes: number;
  readonly #onMessage: (message: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of the present message with its prefix; only known when the prefix has come. */
  #needed = MESSAGE_PREFIX_BYTES;

  constructor(limitBytes: number, onMessage: (message: Buffer) => void) {
    this.#limitBytes = limitBytes;
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
      this.#onMessage(message);
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
    if (bytes[0] !== 0) throw new ServingError('unsupported', 'compressed messages are not supported');
    const length = bytes.readUInt32BE(1);
    if (length <= this.#limitBytes) return length;
    const found = `the message has ${length} bytes, at most ${this.#limitBytes} are allowed`;
    throw new ServingError('too-large', found);
  }
}
