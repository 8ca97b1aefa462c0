const VARINT = 0;
const BYTES = 2;
const FIRST_BYTES = 1024;

/**
 * Writes a protobuf message from its end to its start, so that a length is known when it is its turn: fields are given
 * in descending order, a nested message's fields before `close` puts its length in front.
 */
export class ProtobufWriter {
  #buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = FIRST_BYTES;

  /** Bytes so far. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** Nothing for an empty text. */
  text(field: number, value: string): void {
    if (value === '') return;
    this.raw(Buffer.from(value, 'utf8'));
    this.close(field, this.length - Buffer.byteLength(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.raw(value);
    this.close(field, this.length - value.byteLength);
  }

  /** 0 to 2^53, or true as 1. */
  integer(field: number, value: number): void {
    this.varint(value);
    this.varint(field * 8 + VARINT);
  }

  /** Ends what was written since the length was `since`: it becomes that field. */
  close(field: number, since: number): void {
    this.varint(this.length - since);
    this.varint(field * 8 + BYTES);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#at -= bytes.byteLength;
    this.#buffer.set(bytes, this.#at);
  }

  /** 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    let bytes = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
    this.#at -= bytes;
    let rest = value;
    for (let at = this.#at; at < this.#at + bytes - 1; at++) {
      this.#buffer[at] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at + bytes - 1] = rest;
  }

  /** Of any 64 bits. */
  bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
    bytes.push(Number(rest));
    this.raw(Uint8Array.from(bytes));
  }

  /** What has been written, with `room` bytes before it. */
  finish(room: number): Buffer {
    this.#reserve(room);
    return this.#buffer.subarray(this.#at - room);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#at) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, length + bytes));
    this.#buffer.copy(larger, larger.length - length, this.#at);
    this.#at = larger.length - length;
    this.#buffer = larger;
  }
}
