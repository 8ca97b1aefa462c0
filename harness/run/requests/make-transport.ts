import type { SocketSource } from '../../transports/byte-stream.ts';
import { GrpcTransport } from '../../transports/grpc.ts';
import { GrpcJsTransport } from '../../transports/grpc-js.ts';
import { Http1Transport } from '../../transports/http1.ts';
import { NodeHttpTransport } from '../../transports/node-http.ts';
import type { Sink, Transport } from '../../transports/transport.ts';
import type { LoadAssignment } from '../load-engine.ts';

export interface TransportOptions {
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly timeoutMs: number;
  /** No: a connection for each request. */
  readonly keepAlive: boolean;
  readonly now: () => number;
  /** For the transports of ours. */
  readonly sockets: SocketSource;
  readonly sink: Sink;
}

/** The transport that a scenario names, or the one of ours that its protocol needs. */
export function makeTransport(
  { transport, protocol }: Pick<LoadAssignment, 'transport' | 'protocol'>,
  options: TransportOptions,
): Transport {
  if (transport === 'node-http') return new NodeHttpTransport(options);
  if (transport === 'grpc-js') return new GrpcJsTransport(options);
  return isGrpc(protocol) ? new GrpcTransport(options) : new Http1Transport(options);
}

/** Many requests share a connection. */
export function isGrpc(protocol: LoadAssignment['protocol']): boolean {
  return protocol === 'grpc' || protocol === 'oip-grpc';
}
