import type { HeaderFields } from './header-fields.ts';
import { HeaderMemo } from './header-memo.ts';
import { decodeHuffman } from './hpack-huffman.ts';
import { STATIC_TABLE } from './hpack-static-table.ts';

/** Compressed bytes of a block at most, and of its names, values and 32 bytes a field as RFC 9113 counts. */
export const HEADER_LIST_BYTES = 65_536;

const FIELD_BYTES = 32;
/** A longer integer than any length or index that can be meant. */
const MOST = 2 ** 27;

const STATIC_NAMES = STATIC_TABLE.map(({ name }) => Buffer.from(name));
const STATIC_VALUES = STATIC_TABLE.map(({ value }) => Buffer.from(value));

/**
 * Decodes header blocks of a server that has been told not to use a dynamic table (RFC 7541 with a table of size 0).
 * So no block depends on an earlier one: a server that sends the same block for every answer has it decoded once, and
 * a block may be skipped. Shared by all connections of a thread.
 */
export class HeaderDecoder {
  readonly #memo = new HeaderMemo();
  readonly #scratch = Buffer.allocUnsafe((HEADER_LIST_BYTES * 8) / 5 + 8);
  #block: Buffer = this.#scratch;
  #at = 0;
  #end = 0;
  #broken = false;
  /** The string read last. */
  #text: Buffer = this.#scratch;
  #textFrom = 0;
  #textTo = 0;

  /** The fields, valid until the next call; undefined when the block cannot be decoded, or is too long. */
  decode(block: Buffer, from: number, to: number): HeaderFields | undefined {
    const known = this.#memo.find(block, from, to);
    if (known !== undefined) return known;
    if (to - from > HEADER_LIST_BYTES) return undefined;
    const fields = this.#memo.next();
    fields.clear();
    this.#block = block;
    this.#at = from;
    this.#end = to;
    this.#broken = false;
    this.#sizeUpdates();
    let listBytes = 0;
    while (this.#at < this.#end) {
      listBytes += this.#field(fields);
      if (this.#broken || listBytes > HEADER_LIST_BYTES) return undefined;
    }
    if (this.#broken) return undefined;
    this.#memo.keep(block, from, to);
    return fields;
  }

  /** A server says at the start of its first block that its table is empty now. Any other size would break our word. */
  #sizeUpdates(): void {
    while (this.#at < this.#end && ((this.#block[this.#at] ?? 0) & 0xe0) === 0x20) {
      if (this.#integer(5) !== 0) this.#broken = true;
    }
  }

  /** One field, and how much it counts against the limit. */
  #field(fields: HeaderFields): number {
    const first = this.#block[this.#at] ?? 0;
    if (first >= 0x80) return this.#indexed(fields);
    // Between fields a size update is an error.
    if ((first & 0xe0) === 0x20) return this.#fail();
    const index = this.#integer(first >= 0x40 ? 6 : 4);
    const nameBytes = index === 0 ? this.#literalName(fields) : this.#staticName(fields, index);
    if (this.#broken || !this.#string()) return this.#fail();
    fields.value(this.#text, this.#textFrom, this.#textTo);
    return nameBytes + this.#textTo - this.#textFrom + FIELD_BYTES;
  }

  #indexed(fields: HeaderFields): number {
    const index = this.#integer(7);
    const nameBytes = this.#staticName(fields, index);
    const value = STATIC_VALUES[index - 1];
    if (value === undefined) return this.#fail();
    fields.value(value, 0, value.length);
    return nameBytes + value.length + FIELD_BYTES;
  }

  #literalName(fields: HeaderFields): number {
    if (!this.#string()) return this.#fail();
    fields.name(this.#text, this.#textFrom, this.#textTo);
    return this.#textTo - this.#textFrom;
  }

  #staticName(fields: HeaderFields, index: number): number {
    const name = STATIC_NAMES[index - 1];
    if (name === undefined) return this.#fail();
    fields.name(name, 0, name.length);
    return name.length;
  }

  #fail(): number {
    this.#broken = true;
    return 0;
  }

  /** RFC 7541, section 5.1. */
  #integer(prefix: number): number {
    const most = 2 ** prefix - 1;
    let value = (this.#block[this.#at++] ?? 0) & most;
    if (value < most) return value;
    for (let scale = 1; this.#at < this.#end && value < MOST; scale *= 128) {
      const byte = this.#block[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return this.#fail();
  }

  /** RFC 7541, section 5.2. */
  #string(): boolean {
    if (this.#at >= this.#end) return false;
    const isHuffman = (this.#block[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    if (this.#broken || length > this.#end - from) return false;
    this.#at += length;
    if (!isHuffman) {
      this.#text = this.#block;
      this.#textFrom = from;
      this.#textTo = this.#at;
      return true;
    }
    this.#text = this.#scratch;
    this.#textFrom = 0;
    this.#textTo = decodeHuffman(this.#block, from, this.#at, this.#scratch);
    return this.#textTo >= 0;
  }
}
