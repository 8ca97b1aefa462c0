import type { Outcome, Template } from '../transports/transport.ts';
import type { ExpectedTensor, Sample } from '../workload/workload.ts';

/** The meaning of bytes: pure, knows nothing of load or sockets. */
export interface Protocol {
  /** Before the clock. */
  encode(sample: Sample): Template;
  /** One a slot, reused for each of its requests. */
  reader(): AnswerReader;
  /** The numbers of a whole answer; undefined when it holds none that can be read. Absent: answers are not read. */
  outputs?(body: Buffer): readonly ExpectedTensor[] | undefined;
  /**
   * Where the meaning of an answer is not known: how it differs, in words, from one that was given to the same request
   * before; undefined when it does not. Numbers may be off by `tolerance` x max(1, what they should be).
   */
  difference?(body: Buffer, expected: Buffer, tolerance: number): string | undefined;
}

/** Judges one answer from its pieces, without keeping or parsing a long body. Allocates nothing. */
export interface AnswerReader {
  /** The answer to request `index` is due. */
  begin(index: number): void;
  /** A piece of the body; the buffer is only valid during the call. */
  data(buffer: Buffer, from: number, to: number): void;
  /** A message of the answer is complete; only where the transport knows messages. */
  item?(): void;
  /** The answer has come completely, with this status. */
  finish(status: number): Outcome;
  /** Why it was not ok, in the server's own words; undefined where it gave none. Asked right after `finish`. */
  complaint?(): string | undefined;
  /**
   * After `finish`: by its own account, how long before its request came the answer had begun to be computed, in whole
   * microseconds; -1 where it says nothing, as of one that was computed for it. Absent: answers are not asked for it.
   */
  ageUs?(): number;
}
