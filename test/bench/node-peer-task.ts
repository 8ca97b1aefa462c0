import type { Exchange } from './contender.ts';

export type NodePeerName = 'autocannon' | 'undici' | 'node:http' | 'grpc-js' | 'node:http2';

export interface NodePeerTask {
  readonly name: NodePeerName;
  readonly url: string;
  readonly exchange: Exchange;
  readonly seconds: number;
}
