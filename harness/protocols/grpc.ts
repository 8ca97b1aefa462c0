import { GRPC_OUTCOMES, type Outcome, type Template } from '../transports/transport.ts';
import { bytesDifference } from './body-difference.ts';
import type { AnswerReader, Protocol } from './protocol.ts';

/** One call of any gRPC server, the same every time. */
export interface GrpcCall {
  /** /package.Service/Method */
  readonly method: string;
  readonly call: 'unary' | 'server-streaming';
  readonly metadata: Readonly<Record<string, string>>;
  /** The message, encoded. */
  readonly message: Uint8Array;
  /** The bytes of the answer's messages are compared. */
  readonly compares?: boolean;
}

const NOTHING = new Uint8Array(0);

/** Any gRPC service: an answer is judged by its status; what its messages mean is not known here. */
export function grpc({ method, call, metadata, message, compares }: GrpcCall): Protocol {
  const template: Template = {
    method: 'POST',
    path: method,
    headers: Object.entries(metadata),
    own: NOTHING,
    shared: message,
    ignoresAnswer: compares !== true,
    call,
    stamp: () => {},
  };
  return {
    encode: () => template,
    reader: () => new GrpcStatusReader(),
    ...(compares === true ? { difference: bytesDifference } : {}),
  };
}

class GrpcStatusReader implements AnswerReader {
  begin(): void {}

  data(): void {}

  finish(status: number): Outcome {
    return GRPC_OUTCOMES[status] ?? 'malformed';
  }
}
