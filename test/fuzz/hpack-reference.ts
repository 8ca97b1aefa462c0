import { HUFFMAN_LENGTHS } from '../../harness/transports/hpack-huffman.ts';
import { STATIC_TABLE } from '../../harness/transports/hpack-static-table.ts';

/* HPACK read the slow way, bit by bit. The two tables of RFC 7541 are the engine's, which its own tests prove. */

export type Field = readonly [name: string, value: string];

class Undecodable extends Error {}

const LIST_BYTES = 65_536;
const FIELD_BYTES = 32;
const MOST_INTEGER = 2 ** 27;
const END_OF_STRING = 256;
const LONGEST_CODE = 30;

/** By the length of a code and the code itself. */
const SYMBOLS = canonicalCode([...HUFFMAN_LENGTHS].map((digit) => Number.parseInt(digit, 36)));

/** The fields of a block, in order; undefined where it is wrong or too long. The table that changes is empty for ever. */
export function readFields(block: Buffer): Field[] | undefined {
  try {
    const fields = new BlockReading(block).fields();
    const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + FIELD_BYTES, 0);
    return bytes > LIST_BYTES ? undefined : fields;
  } catch (error) {
    if (error instanceof Undecodable) return undefined;
    throw error;
  }
}

class BlockReading {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  fields(): Field[] {
    const fields: Field[] = [];
    while (this.#at < this.#block.length) {
      const first = this.#block[this.#at] ?? 0;
      if (first >= 0x80) fields.push(this.#static(this.#integer(7)));
      else if (first >= 0x40) fields.push(this.#literal(6));
      else if (first < 0x20) fields.push(this.#literal(4));
      else if (this.#integer(5) !== 0 || fields.length > 0) throw new Undecodable();
    }
    return fields;
  }

  #static(index: number): Field {
    const field = STATIC_TABLE[index - 1];
    if (field === undefined) throw new Undecodable();
    return [field.name, field.value];
  }

  #literal(prefix: number): Field {
    const index = this.#integer(prefix);
    const [name] = index === 0 ? [this.#string()] : this.#static(index);
    return [name, this.#string()];
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw new Undecodable();
    return byte;
  }

  #integer(prefix: number): number {
    const most = 2 ** prefix - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (!(value < MOST_INTEGER)) throw new Undecodable();
      if (byte < 128) return value;
    }
  }

  #string(): string {
    const isHuffman = (this.#block[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Undecodable();
    this.#at += length;
    return isHuffman ? huffman(bytes) : bytes.toString('latin1');
  }
}

function huffman(bytes: Buffer): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const symbol = SYMBOLS[length]?.get(code);
      if (symbol === END_OF_STRING || length > LONGEST_CODE) throw new Undecodable();
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  }
  if (length > 7 || code !== 2 ** length - 1) throw new Undecodable();
  return text;
}

function canonicalCode(lengths: readonly number[]): readonly ReadonlyMap<number, number>[] {
  const all = [...lengths, LONGEST_CODE];
  const symbols: Map<number, number>[] = [];
  let code = 0;
  for (let length = 0; length <= LONGEST_CODE; length++, code *= 2) {
    const ofLength = all.flatMap((each, symbol) => (each === length ? [symbol] : []));
    symbols.push(new Map(ofLength.map((symbol, nth) => [code + nth, symbol])));
    code += ofLength.length;
  }
  return symbols;
}
