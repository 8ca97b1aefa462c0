import { type Correlation, GRPC_OUTCOMES, type Outcome } from '../transports/transport.ts';
import { AGE } from './answer-age.ts';
import { ProtobufScan } from './protobuf-scan.ts';
import type { AnswerReader } from './protocol.ts';
import { readId } from './request-id.ts';

const PREFIX_BYTES = 1024;
const ID = 3;
const PARAMETERS = 4;
const OUTPUTS = 5;
/** Of a stream's message. */
const ERROR_MESSAGE = 1;
const INFER_RESPONSE = 2;
/** Of an entry of parameters, and of the value of one. */
const KEY = 1;
const VALUE = 2;
const INT64 = 2;
const AGE_KEY = Buffer.from(AGE);

/**
 * Keeps the first kilobyte of an answer, which shows whose it is and whether it is a ModelInferResponse of that length.
 * An error in a stream's message has no code, so it counts as `grpc-unknown`.
 */
export class OipGrpcReader implements AnswerReader {
  readonly #isStreamed: boolean;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  readonly #scan = new ProtobufScan();
  readonly #entry = new ProtobufScan();
  readonly #value = new ProtobufScan();
  #index = 0;
  #kept = 0;
  #total = 0;
  #complaint: string | undefined;
  #ageUs = -1;

  constructor(isStreamed: boolean) {
    this.#isStreamed = isStreamed;
  }

  begin(index: number): void {
    this.#index = index;
    this.#kept = 0;
    this.#total = 0;
    this.#complaint = undefined;
    this.#ageUs = -1;
  }

  data(buffer: Buffer, from: number, to: number): void {
    this.#total += to - from;
    if (this.#kept >= PREFIX_BYTES) return;
    const end = Math.min(to, from + PREFIX_BYTES - this.#kept);
    this.#kept += buffer.copy(this.#prefix, this.#kept, from, end);
  }

  finish(status: number): Outcome {
    if (status !== 0) return GRPC_OUTCOMES[status] ?? 'malformed';
    return this.#isStreamed ? this.#judgeStreamed() : this.#judge(0, this.#total);
  }

  /** Of a stream's message; what a call's status says the transport hears. */
  complaint(): string | undefined {
    return this.#complaint;
  }

  ageUs(): number {
    return this.#ageUs;
  }

  #judgeStreamed(): Outcome {
    const scan = this.#scan;
    let [from, to] = [-1, -1];
    scan.start(this.#prefix, 0, this.#kept, this.#total);
    while (scan.next()) {
      if (scan.field === ERROR_MESSAGE && scan.to > scan.from) {
        this.#complaint = this.#prefix.toString('utf8', scan.from, Math.min(scan.to, this.#kept));
        return 'grpc-unknown';
      }
      if (scan.field !== INFER_RESPONSE) continue;
      from = scan.from;
      to = scan.to;
    }
    return from < 0 || scan.isBroken ? 'malformed' : this.#judge(from, to);
  }

  #judge(from: number, to: number): Outcome {
    const scan = this.#scan;
    let [hasOutputs, isOurs] = [false, true];
    scan.start(this.#prefix, from, Math.min(to, this.#kept), to);
    while (scan.next()) {
      if (scan.field === OUTPUTS) hasOutputs = true;
      // A server need not echo the id.
      else if (scan.field === ID) isOurs = readId(this.#prefix, scan.from, scan.to) === this.#index;
      else if (scan.field === PARAMETERS) this.#readParameter(scan.from, scan.to);
    }
    if (scan.isBroken || !hasOutputs) return 'malformed';
    return isOurs ? 'ok' : 'wrong-answer';
  }

  /** Of an entry of the parameters the age, where it is that. */
  #readParameter(from: number, to: number): void {
    const [entry, value] = [this.#entry, this.#value];
    let isAge = false;
    entry.start(this.#prefix, from, Math.min(to, this.#kept), to);
    while (entry.next()) {
      if (entry.field === KEY)
        isAge = this.#prefix.compare(AGE_KEY, 0, AGE_KEY.length, entry.from, entry.to) === 0;
      if (!isAge || entry.field !== VALUE) continue;
      value.start(this.#prefix, entry.from, Math.min(entry.to, this.#kept), entry.to);
      while (value.next()) if (value.field === INT64) this.#ageUs = value.number(value.from);
    }
  }
}

/** Reads the id out of a ModelStreamInferResponse; each request has one answer. */
export function streamCorrelation(): Correlation {
  const outer = new ProtobufScan();
  const inner = new ProtobufScan();
  return {
    requestOf(message, from, to) {
      let index = -1;
      outer.start(message, from, to, to);
      while (outer.next()) {
        if (outer.field !== INFER_RESPONSE) continue;
        inner.start(message, outer.from, outer.to, outer.to);
        while (inner.next()) if (inner.field === ID) index = readId(message, inner.from, inner.to);
      }
      return index;
    },
    isLast: () => true,
  };
}
