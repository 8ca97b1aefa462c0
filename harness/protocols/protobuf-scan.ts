import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, WIDEST_VARINT } from './protobuf-bytes.ts';

/** Goes over the fields of a message. Allocates nothing, and may be used again. */
export class ProtobufScan {
  field = 0;
  /** The bytes of its value; for a number those of the varint. */
  from = 0;
  to = 0;
  wireType = VARINT;
  /** The bytes are no message, or one that is cut off. */
  isBroken = false;
  #buffer: Buffer = NOTHING;
  #at = 0;
  #kept = 0;
  #end = 0;

  /** The message from `from` to `end`, of which the buffer has what lies before `kept`. */
  start(buffer: Buffer, from: number, kept: number, end: number): void {
    this.#buffer = buffer;
    this.#at = from;
    this.#kept = kept;
    this.#end = end;
    this.isBroken = false;
  }

  /** On to the next field; false after the last, after the last that the buffer shows, or where it is broken. */
  next(): boolean {
    if (this.isBroken || this.#at >= this.#kept) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    this.from = this.#at;
    const length = this.#lengthOfValue();
    this.to = this.from + length;
    // The buffer does not show how long it is: nothing can be said, and that is no fault of the message.
    if (this.from > this.#kept && this.#kept < this.#end) {
      this.isBroken = false;
      this.#at = this.#end;
      return false;
    }
    this.#at = this.to;
    if (this.to > this.#end || this.field === 0) this.isBroken = true;
    return !this.isBroken;
  }

  /** The number at `at`, whose end is then `numberEnd`. Negative ones too; beyond 2^53 the nearest. */
  number(at: number): number {
    this.#at = at;
    const value = this.#varint();
    const isNegative = this.#at - at === WIDEST_VARINT && this.#buffer[this.#at - 1] === 1;
    if (!isNegative) return value;
    let inverse = 0;
    for (let position = this.#at - 2; position >= at; position--) {
      inverse = inverse * 128 + (~(this.#buffer[position] ?? 0) & 127);
    }
    return -inverse - 1;
  }

  get numberEnd(): number {
    return this.#at;
  }

  /** Moves `from` to where the value begins. */
  #lengthOfValue(): number {
    if (this.wireType === FIXED64) return 8;
    if (this.wireType === FIXED32) return 4;
    const value = this.#varint();
    if (this.wireType === VARINT) return this.#at - this.from;
    if (this.wireType !== LENGTH_DELIMITED) this.isBroken = true;
    this.from = this.#at;
    return value;
  }

  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let bytes = 0; bytes < WIDEST_VARINT; bytes++) {
      if (this.#at >= this.#end) this.isBroken = true;
      const byte = this.#buffer[this.#at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
    this.isBroken = true;
    return 0;
  }
}

const NOTHING = Buffer.alloc(0);
