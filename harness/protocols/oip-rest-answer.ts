import type { Outcome } from '../transports/transport.ts';
import { AGE } from './answer-age.ts';
import type { AnswerReader } from './protocol.ts';

const PREFIX_BYTES = 1024;
const ID_KEY = Buffer.from('"id"');
const SIZE_KEY = Buffer.from('"binary_data_size"');
const AGE_KEY = Buffer.from(`"${AGE}"`);
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const QUOTE = 34;
const COLON = 58;
const DIGIT_0 = 48;

/**
 * Keeps the first kilobyte of an answer and its last visible byte. That is enough to see whose answer it is (servers
 * put the `id` before the outputs), whether JSON is cut off, and whether binary tensors are as long as announced.
 */
export class OipRestReader implements AnswerReader {
  readonly #idWidth: number;
  readonly #prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  #index = 0;
  #kept = 0;
  #total = 0;
  #last = 0;
  #status = 0;

  constructor(idWidth: number) {
    this.#idWidth = idWidth;
  }

  begin(index: number): void {
    this.#index = index;
    this.#kept = 0;
    this.#total = 0;
    this.#last = 0;
  }

  data(buffer: Buffer, from: number, to: number): void {
    this.#total += to - from;
    if (this.#kept < PREFIX_BYTES) {
      this.#kept += buffer.copy(
        this.#prefix,
        this.#kept,
        from,
        Math.min(to, from + PREFIX_BYTES - this.#kept),
      );
    }
    let at = to - 1;
    while (at >= from && (buffer[at] ?? 0) <= 32) at -= 1;
    if (at >= from) this.#last = buffer[at] ?? 0;
  }

  finish(status: number): Outcome {
    this.#status = status;
    if (status === 429) return 'http-429';
    if (status >= 500) return 'http-5xx';
    if (status >= 400) return 'http-4xx';
    // Redirects and the like are no answer to a question.
    if (status !== 200) return 'malformed';
    const start = this.#skipBlanks(0);
    if (this.#prefix[start] !== OPEN_BRACE || start >= this.#kept) return 'malformed';
    const tensorBytes = this.#announcedBytes();
    if (tensorBytes === 0 ? this.#last !== CLOSE_BRACE : !this.#endsBefore(tensorBytes)) return 'malformed';
    return this.#isAnotherAnswer() ? 'wrong-answer' : 'ok';
  }

  /** `HTTP 503: the queue is full`, from a body like `{"error": "the queue is full"}`. */
  complaint(): string {
    const status = `HTTP ${this.#status}`;
    try {
      const body: { error?: unknown } | null = JSON.parse(this.#prefix.toString('utf8', 0, this.#kept));
      return typeof body?.error === 'string' ? `${status}: ${body.error}` : status;
    } catch {
      return status;
    }
  }

  ageUs(): number {
    const at = this.#find(AGE_KEY, 0);
    return at < 0 ? -1 : this.#numberAfter(at + AGE_KEY.length);
  }

  /** Sum of the binary sizes within the prefix; 0 for an answer that is all JSON. */
  #announcedBytes(): number {
    let sum = 0;
    let at = this.#find(SIZE_KEY, 0);
    while (at >= 0) {
      sum += this.#numberAfter(at + SIZE_KEY.length);
      at = this.#find(SIZE_KEY, at + SIZE_KEY.length);
    }
    return sum;
  }

  /** What follows a key: its colon, and the digits of a whole number. */
  #numberAfter(from: number): number {
    let at = this.#skipBlanks(from);
    if (this.#prefix[at] === COLON) at = this.#skipBlanks(at + 1);
    let number = 0;
    for (; at < this.#kept; at++) {
      const digit = (this.#prefix[at] ?? 0) - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    return number;
  }

  /** The JSON must end where the tensors begin, as far as that lies in the prefix. */
  #endsBefore(tensorBytes: number): boolean {
    let end = this.#total - tensorBytes;
    if (end < 2) return false;
    if (end > this.#kept) return this.#kept === PREFIX_BYTES;
    while (end > 0 && (this.#prefix[end - 1] ?? 0) <= 32) end -= 1;
    return this.#prefix[end - 1] === CLOSE_BRACE;
  }

  /** True only when there is an id and it is not ours: a server need not echo it. */
  #isAnotherAnswer(): boolean {
    let at = this.#find(ID_KEY, 0);
    if (at < 0) return false;
    at = this.#skipBlanks(at + ID_KEY.length);
    if (this.#prefix[at] !== COLON) return false;
    at = this.#skipBlanks(at + 1);
    if (this.#prefix[at] !== QUOTE) return false;
    let echoed = 0;
    for (let digit = 1; digit <= this.#idWidth; digit++) {
      echoed = echoed * 10 + (this.#prefix[at + digit] ?? 0) - DIGIT_0;
    }
    return echoed !== this.#index || this.#prefix[at + this.#idWidth + 1] !== QUOTE;
  }

  #find(key: Buffer, from: number): number {
    const at = this.#prefix.indexOf(key, from);
    return at >= 0 && at + key.length <= this.#kept ? at : -1;
  }

  #skipBlanks(from: number): number {
    let at = from;
    while (at < this.#kept && (this.#prefix[at] ?? 0) <= 32) at += 1;
    return at;
  }
}
