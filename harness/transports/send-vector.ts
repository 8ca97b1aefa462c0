import type { BytePieces } from './byte-pieces.ts';

/** `struct msghdr` of 64-bit Linux, in words of 32 bits: all of it is 0 but for where the list is, and how long. */
const MESSAGE_WORDS = 14;
const LIST_ADDRESS = 4;
const LIST_LENGTH = 6;
/** `struct iovec`: address and bytes, 64 bits each. */
const ENTRY_WORDS = 4;
const WORD = 2 ** 32;
const FIRST_ENTRIES = 64;

/**
 * What one call of sendmsg takes: a list of places in memory, of which the kernel may take only the first part. The
 * lists lie behind the message's head:
 *
 *     [ msghdr | place 0 | place 1 | place 2 ... ]
 *         '--- begins at the first place that is not wholly taken
 */
export class SendVector {
  readonly #addressOf: (bytes: Uint8Array) => number;
  #words = new Uint32Array(0);
  #address = 0;
  #next = 0;
  #count = 0;
  /** What is sent must not be moved or freed meanwhile. */
  #kept: Buffer[] = [];

  constructor(addressOf: (bytes: Uint8Array) => number) {
    this.#addressOf = addressOf;
  }

  /** Of the `msghdr`. */
  get address(): number {
    return this.#address;
  }

  get isEmpty(): boolean {
    return this.#next === this.#count;
  }

  fill(pieces: BytePieces): void {
    this.#room(pieces.count);
    this.#next = 0;
    this.#count = pieces.count;
    pieces.forEach((buffer, from, to, index) => {
      this.#kept[index] = buffer;
      this.#write(index, this.#placeOf(buffer) + from, to - from);
    });
    this.#pointAtNext();
  }

  /** So many bytes are taken: the rest is left. */
  took(bytes: number): void {
    let left = bytes;
    while (left > 0 && !this.isEmpty) {
      const at = MESSAGE_WORDS + this.#next * ENTRY_WORDS;
      const length = this.#words[at + 2] ?? 0;
      if (left < length) this.#write(this.#next, this.#addressAt(at) + left, length - left);
      else this.#next += 1;
      left -= Math.min(left, length);
    }
    this.#pointAtNext();
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
    this.#kept = [];
  }

  #room(entries: number): void {
    const words = MESSAGE_WORDS + entries * ENTRY_WORDS;
    if (words <= this.#words.length) return;
    this.#words = new Uint32Array(MESSAGE_WORDS + Math.max(FIRST_ENTRIES, entries * 2) * ENTRY_WORDS);
    this.#address = this.#addressOf(new Uint8Array(this.#words.buffer));
  }

  #write(index: number, address: number, bytes: number): void {
    const at = MESSAGE_WORDS + index * ENTRY_WORDS;
    this.#putAddress(at, address);
    this.#words[at + 2] = bytes;
    this.#words[at + 3] = 0;
  }

  #putAddress(at: number, address: number): void {
    this.#words[at] = address % WORD;
    this.#words[at + 1] = Math.floor(address / WORD);
  }

  #addressAt(at: number): number {
    return (this.#words[at] ?? 0) + (this.#words[at + 1] ?? 0) * WORD;
  }

  #pointAtNext(): void {
    if (this.#words.length === 0) return;
    this.#putAddress(LIST_ADDRESS, this.#address + 4 * (MESSAGE_WORDS + this.#next * ENTRY_WORDS));
    this.#words[LIST_LENGTH] = this.#count - this.#next;
  }

  #placeOf(buffer: Buffer): number {
    let place = PLACES.get(buffer);
    if (place === undefined) {
      place = this.#addressOf(buffer);
      PLACES.set(buffer, place);
    }
    return place;
  }
}

/** Where buffers lie: they never move, and asking costs more than remembering. */
const PLACES = new WeakMap<Buffer, number>();
