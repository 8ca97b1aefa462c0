import { invalid, type ServingError } from '../errors.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const MOST_FIELD = 2 ** 29 - 1;

/**
 * Goes through the fields of a protobuf message; their bytes stay views on it. Throws an `invalid` ServingError where
 * the message ends inside a field, or is none.
 *
 *     while (reader.next()) { if (reader.field === 3) … reader.text() …; else reader.skip(); }
 */
export class ProtobufReader {
  /** Of the present field, whose value is to be taken or skipped before the next. */
  field = 0;
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;
  #wireType = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#end = buffer.length;
    this.#at = 0;
  }

  /** On to the next field; false at the end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field < 1 || this.field > MOST_FIELD) throw this.#broken(`there is no field ${this.field}`);
    return true;
  }

  get isBytes(): boolean {
    return this.#wireType === BYTES;
  }

  bytes(): Buffer {
    if (this.#wireType !== BYTES) throw this.#unexpected('bytes');
    return this.#take(this.#varint());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** Of eight bytes, or of four. */
  fixed(bytes: 4 | 8): Buffer {
    if (this.#wireType !== (bytes === 8 ? FIXED64 : FIXED32)) throw this.#unexpected(`${bytes} bytes`);
    return this.#take(bytes);
  }

  /**
   * A whole number, negative too; beyond 2^53 the nearest that a double holds. A reader of a packed field's bytes gives
   * its elements so, without `next`.
   */
  integer(): number {
    const at = this.#at;
    const value = this.#number();
    return value < 2 ** 53 ? value : Number(BigInt.asIntN(64, this.#bigFrom(at)));
  }

  /** Its 64 bits, exactly. */
  bits(): bigint {
    const at = this.#at;
    this.#number();
    return this.#bigFrom(at);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  skip(): void {
    if (this.#wireType === VARINT) this.#varint();
    else if (this.#wireType === BYTES) this.#take(this.#varint());
    else if (this.#wireType === FIXED64) this.#take(8);
    else if (this.#wireType === FIXED32) this.#take(4);
    else
      throw this.#broken(`field ${this.field} is of wire type ${this.#wireType}, which is none of today's`);
  }

  #number(): number {
    if (this.#wireType !== VARINT) throw this.#unexpected('a whole number');
    return this.#varint();
  }

  #take(length: number): Buffer {
    const from = this.#at;
    if (length > this.#end - from) {
      throw this.#broken(`field ${this.field} has ${length} bytes, ${this.#end - from} are left`);
    }
    this.#at = from + length;
    return this.#buffer.subarray(from, this.#at);
  }

  /** Seven bits a byte, lowest first; ten bytes at most. Exact below 2^53. */
  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let bytes = 0; bytes < 10; bytes++) {
      if (this.#at >= this.#end) throw this.#broken('it ends inside a number');
      const byte = this.#buffer[this.#at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
    throw this.#broken('a number has more than ten bytes');
  }

  #bigFrom(from: number): bigint {
    let value = 0n;
    for (let at = from, shift = 0n; at < this.#at; at++, shift += 7n) {
      value |= BigInt((this.#buffer[at] ?? 0) & 127) << shift;
    }
    return BigInt.asUintN(64, value);
  }

  #unexpected(wanted: string): ServingError {
    return this.#broken(`field ${this.field} holds something else than ${wanted}`);
  }

  #broken(found: string): ServingError {
    return invalid(`the message is not protobuf as expected: ${found}`);
  }
}
