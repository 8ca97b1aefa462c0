import { GRPC_OUTCOMES, type Outcome, type Template } from '../transports/transport.ts';
import type { AnswerReader, Protocol } from './protocol.ts';

/** One call of any gRPC server, the same every time. */
export interface GrpcCall {
  /** /package.Service/Method */
  readonly method: string;
  readonly call: 'unary' | 'server-streaming';
  readonly metadata: Readonly<Record<string, string>>;
  /** The message, encoded. */
  readonly message: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Any gRPC service: an answer is judged by its status alone; what its messages mean is not known here. */
export function grpc({ method, call, metadata, message }: GrpcCall): Protocol {
  const template: Template = {
    method: 'POST',
    path: method,
    headers: Object.entries(metadata),
    own: NOTHING,
    shared: message,
    ignoresAnswer: true,
    call,
    stamp: () => {},
  };
  return { encode: () => template, reader: () => new GrpcStatusReader() };
}

class GrpcStatusReader implements AnswerReader {
  begin(): void {}

  data(): void {}

  finish(status: number): Outcome {
    return GRPC_OUTCOMES[status] ?? 'malformed';
  }
}
