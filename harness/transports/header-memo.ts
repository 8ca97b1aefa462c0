import { HeaderFields } from './header-fields.ts';

const ENTRIES = 4;
const ENTRY_BYTES = 512;

class Entry {
  readonly bytes = Buffer.allocUnsafe(ENTRY_BYTES);
  readonly fields = new HeaderFields();
  length = -1;
}

/** The header blocks decoded last, the oldest replaced first. Servers repeat themselves: heads and trailers are equal. */
export class HeaderMemo {
  readonly #entries = Array.from({ length: ENTRIES }, () => new Entry());
  #next = 0;

  find(block: Buffer, from: number, to: number): HeaderFields | undefined {
    for (const entry of this.#entries) {
      if (entry.length === to - from && startsWith(block, from, entry)) return entry.fields;
    }
    return undefined;
  }

  /** Where the next block's fields go; the entry is not found until it is kept. */
  next(): HeaderFields {
    const entry = this.#oldest();
    entry.length = -1;
    return entry.fields;
  }

  keep(block: Buffer, from: number, to: number): void {
    const entry = this.#oldest();
    this.#next = (this.#next + 1) % ENTRIES;
    if (to - from > ENTRY_BYTES) return;
    block.copy(entry.bytes, 0, from, to);
    entry.length = to - from;
  }

  #oldest(): Entry {
    return this.#entries[this.#next] ?? new Entry();
  }
}

function startsWith(block: Buffer, from: number, { bytes, length }: Entry): boolean {
  for (let at = 0; at < length; at++) if (block[from + at] !== bytes[at]) return false;
  return true;
}
