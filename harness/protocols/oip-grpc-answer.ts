import { type Correlation, GRPC_OUTCOMES, type Outcome } from '../transports/transport.ts';
import { ProtobufScan } from './protobuf-scan.ts';
import type { AnswerReader } from './protocol.ts';
import { readId } from './request-id.ts';

const PREFIX_BYTES = 1024;
const ID = 3;
const OUTPUTS = 5;
/** Of a stream's message. */
const ERROR_MESSAGE = 1;
const INFER_RESPONSE = 2;

/**
 * Keeps the first kilobyte of an answer, which shows whose it is and whether it is a ModelInferResponse of that length.
 * An error in a stream's message has no code, so it counts as `grpc-unknown`.
 */
export class OipGrpcReader implements AnswerReader {
  readonly #isStreamed: boolean;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  readonly #scan = new ProtobufScan();
  #index = 0;
  #kept = 0;
  #total = 0;
  #complaint: string | undefined;

  constructor(isStreamed: boolean) {
    this.#isStreamed = isStreamed;
  }

  begin(index: number): void {
    this.#index = index;
    this.#kept = 0;
    this.#total = 0;
    this.#complaint = undefined;
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
    }
    if (scan.isBroken || !hasOutputs) return 'malformed';
    return isOurs ? 'ok' : 'wrong-answer';
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
