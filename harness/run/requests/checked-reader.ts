import type { AnswerReader } from '../../protocols/protocol.ts';
import type { Outcome } from '../../transports/transport.ts';
import type { AnswerCheck, Known } from './answer-check.ts';

const FIRST_BYTES = 4096;

/** A protocol's reader that keeps the body of those answers that are compared, and of no others. */
export class CheckedReader implements AnswerReader {
  readonly #inner: AnswerReader;
  readonly #check: AnswerCheck;
  #body = Buffer.alloc(0);
  #length = 0;
  #index = 0;
  #golden: Known = null;

  constructor(inner: AnswerReader, check: AnswerCheck) {
    this.#inner = inner;
    this.#check = check;
  }

  begin(index: number): void {
    this.#inner.begin(index);
    this.#golden = this.#check.goldenOf(index);
    this.#index = index;
    this.#length = 0;
  }

  data(buffer: Buffer, from: number, to: number): void {
    this.#inner.data(buffer, from, to);
    if (this.#golden === null) return;
    const length = this.#length + to - from;
    if (length > this.#body.length) this.#grow(length);
    buffer.copy(this.#body, this.#length, from, to);
    this.#length = length;
  }

  ageUs(): number {
    return this.#inner.ageUs?.() ?? -1;
  }

  /** Called after the instant of the last byte was taken: comparing is no part of a request's time. */
  finish(status: number): Outcome {
    const outcome = this.#inner.finish(status);
    if (outcome !== 'ok' || this.#golden === null) return outcome;
    return this.#check.compare(this.#index, status, this.#body.subarray(0, this.#length), this.#golden);
  }

  complaint(): string | undefined {
    return this.#inner.complaint?.();
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, length, 2 * this.#body.length));
    this.#body.copy(larger, 0, 0, this.#length);
    this.#body = larger;
  }
}
