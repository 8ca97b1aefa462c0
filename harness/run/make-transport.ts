import type { TransportName } from '../scenario/scenario.ts';
import type { SocketSource } from '../transports/byte-stream.ts';
import { Http1Transport } from '../transports/http1.ts';
import { NodeHttpTransport } from '../transports/node-http.ts';
import type { Sink, Transport } from '../transports/transport.ts';

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

/** The transport that a scenario names. */
export function makeTransport(name: TransportName, options: TransportOptions): Transport {
  if (name === 'node-http') return new NodeHttpTransport(options);
  return new Http1Transport(options);
}
